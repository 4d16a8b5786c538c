//! Inputs made of others, by changing some of their structure.

use arbitrary::{Result, Unstructured};
use serde_json::Map;
use tlslab_proto::behaviour::{Behaviour, OwnKnobs};

use super::edits;
use super::generate::plan;
use super::input::Input;
use super::palette::Palette;

/// As many connections as a scenario grows to.
const MOST_CONNECTIONS: usize = 4;

/// As many edits as a connection grows to.
const MOST_EDITS: usize = 6;

/// `input` with one to three things changed; some of them may come from `other`.
///
/// # Errors
/// The bytes have run out in the middle of it.
pub fn mutate(u: &mut Unstructured<'_>, palette: Palette, input: &Input, other: &Input) -> Result<Input> {
    let mut mutated = input.clone();
    for _ in 0..u.int_in_range(1..=3)? {
        change(u, palette, &mut mutated, other)?;
    }
    Ok(mutated)
}

fn change(u: &mut Unstructured<'_>, palette: Palette, input: &mut Input, other: &Input) -> Result<()> {
    let connections = &mut input.scenario.connections;
    let number = u.choose_index(connections.len())?;
    match u.int_in_range(0..=11)? {
        0 => input.seed = u.arbitrary()?,
        1 => input.client = with_knob(u, palette, &input.client)?,
        2 => input.server = with_knob(u, palette, &input.server)?,
        3 if connections.len() < MOST_CONNECTIONS => connections.push(plan(u, connections.len())?),
        3 | 4 if connections.len() > 1 => drop(connections.remove(number)),
        5 => connections[number] = plan(u, number)?,
        6 => connections[number] = u.choose(&other.scenario.connections)?.clone(),
        7 => connections[number].edits = edits::some(u)?,
        8 if !connections[number].edits.is_empty() => {
            let edits = &mut connections[number].edits;
            let at = u.choose_index(edits.len())?;
            edits.remove(at);
        }
        _ if connections[number].edits.len() < MOST_EDITS => {
            let on_the_way = u.arbitrary()?;
            connections[number].edits.push(edits::edit(u, on_the_way)?);
        }
        _ => connections[number].edits.clear(),
    }
    Ok(())
}

/// The behaviour with one knob set; with the one that it had, where that contradicts the rest.
fn with_knob<Own: OwnKnobs>(
    u: &mut Unstructured<'_>,
    palette: Palette,
    behaviour: &Behaviour<Own>,
) -> Result<Behaviour<Own>> {
    let (name, value) = palette.knob::<Own>(u)?;
    Ok(behaviour.with(&Map::from_iter([(name, value)])).unwrap_or_else(|_| behaviour.clone()))
}
