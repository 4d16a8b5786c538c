//! Probes random simulated peers, and writes what was found beside what they are into a page, between two marks.

#[path = "../tests/probe/claims.rs"]
mod claims;
#[path = "../tests/probe/random.rs"]
mod random;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::{env, fs};

use claims::Claim;
use rayon::prelude::*;
use tlslab::probe::client::{ListenOptions, MemoryClient, probe_client};
use tlslab::probe::{MemoryServer, ProbeOptions, Watch, probe_server};

/// How many servers are judged, unless a number is given; of clients, which take longer, half as many.
const PEERS: u64 = 2_000;

/// The first number of a peer: the tests judge others.
const FIRST: u64 = 1 << 32;

const MARKS: [&str; 2] = ["<!-- what `make probe-table` wrote -->\n", "<!-- its end -->\n"];

/// How often each knob was found as what, by finding.
type Table = BTreeMap<&'static str, BTreeMap<(String, String), u64>>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let page = arguments.next().ok_or("give the page to write into, and perhaps the number of peers")?;
    let peers: u64 = arguments.next().map_or(Ok(PEERS), |number| number.parse())?;
    let mut text = String::new();
    for (side, peers, judge) in [("servers", peers, server as fn(u64) -> Vec<Claim>), ("clients", peers / 2, client)] {
        let numbers = FIRST..FIRST + peers;
        let claims: Vec<Claim> = numbers.into_par_iter().flat_map_iter(|number| told(number, judge(number))).collect();
        let right = claims.iter().filter(|claim| claim.knob == claim.found).count();
        writeln!(text, "{peers} {side}: {right} of {} claims are right.\n", claims.len())?;
        text += &rows(&tally(&claims))?;
        text.push('\n');
    }
    let old = fs::read_to_string(&page)?;
    let missing = || format!("{page} lacks the marks {MARKS:?}");
    let (before, rest) = old.split_once(MARKS[0]).ok_or_else(missing)?;
    let (_, after) = rest.split_once(MARKS[1]).ok_or_else(missing)?;
    fs::write(&page, format!("{before}{}\n{text}{}{after}", MARKS[0], MARKS[1]))?;
    Ok(())
}

/// Says which claims are wrong, and about whom.
fn told(number: u64, claims: Vec<Claim>) -> Vec<Claim> {
    for Claim { finding, knob, found } in claims.iter().filter(|claim| claim.knob != claim.found) {
        eprintln!("peer {number}: {finding} is {knob}, and {found} was found");
    }
    claims
}

fn server(number: u64) -> Vec<Claim> {
    let behaviour = random::server(number);
    let mut dial = MemoryServer::new(&behaviour, number).expect("a random behaviour is sound");
    let report = probe_server(&mut dial, &ProbeOptions::new(number), &Watch::default()).expect("it is in memory");
    claims::of_a_server(&behaviour, &report)
}

fn client(number: u64) -> Vec<Claim> {
    let behaviour = random::client(number);
    let mut meet = MemoryClient::new(&behaviour, number).expect("a random behaviour is sound");
    let options = ListenOptions { seed: number, max_connections: u16::MAX, sequential: None, max_time: None };
    let report = probe_client(&mut meet, &options, &Watch::default()).expect("it is in memory");
    claims::of_a_client(&behaviour, &report)
}

fn tally(claims: &[Claim]) -> Table {
    let mut table = Table::new();
    for Claim { finding, knob, found } in claims {
        *table.entry(finding).or_default().entry((knob.clone(), found.clone())).or_default() += 1;
    }
    table
}

fn rows(table: &Table) -> Result<String, std::fmt::Error> {
    let mut text = "| finding | it is | it was found to be | peers |\n| --- | --- | --- | ---: |\n".to_owned();
    for (finding, counts) in table {
        for ((knob, found), count) in counts {
            let found = if knob == found { format!("`{found}`") } else { format!("**`{found}`**") };
            writeln!(text, "| `{finding}` | `{knob}` | {found} | {count} |")?;
        }
    }
    Ok(text)
}
