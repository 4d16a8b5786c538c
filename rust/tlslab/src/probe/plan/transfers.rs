//! Whether an FTP server takes data connections that resume a session, and ones that do not: cause 3 of KB4528489.

use tlslab_proto::behaviour::SharedKnobs;
use tlslab_proto::behaviour::values::{Offering, Resumption, Version};

use super::Plan;
use crate::ftp::ClientDataSessions;
use crate::probe::observation::Observation;
use crate::probe::step::{Purpose, Step};

/// Two control connections with a data connection each.
pub(super) const MOST: usize = 2;

pub(super) fn next(plan: &Plan, seen: &[Observation]) -> Option<Step> {
    if !plan.transfers {
        return None;
    }
    let rules = [ClientDataSessions::Resume, ClientDataSessions::Full];
    let rule = rules.into_iter().find(|rule| seen.iter().all(|seen| seen.purpose != Purpose::Transfer(*rule)))?;
    let mut step = Step::new(Purpose::Transfer(rule), Version::Tls12, &[], true);
    // All versions and suites: it is about the application.
    step.client.shared.versions = Version::ALL.to_vec();
    step.client.shared.suites = SharedKnobs::default().suites;
    step.client.shared.resumption = Resumption::Both;
    step.client.own.offer_without_ems = Offering::Offer;
    Some(step)
}
