//! HTTP/1.x (RFC 9112) with one page, which describes the connection that it was asked for on.

mod page;
mod request;
mod response;

use self::request::{Requests, Wanted};
use self::response::Response;
use super::conversation::Conversation;
use crate::link::tcp::Drive;

/// Answers requests until the client wants no more, or asks for what cannot be answered.
pub(super) fn serve(conversation: &mut Conversation<'_>) {
    let mut requests = Requests::default();
    loop {
        let Conversation { link, server, recorder } = conversation;
        let mut next = None;
        let driven = link.drive(server, recorder, |server| {
            requests.push(&server.take_received());
            next = next.take().or_else(|| requests.next());
            next.is_some()
        });
        let Some(request) = next.filter(|_| driven == Drive::Reached) else { return };
        let response = match request {
            Ok(request) => {
                let facts = page::facts(recorder.trace(), server.established().as_ref(), &request);
                Response::page(&request, &facts)
            }
            Err(refusal) => Response::refusal(&refusal),
        };
        server.send(&response.to_bytes());
        if response.closes {
            return;
        }
    }
}

/// How the page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Html,
}

impl Wanted {
    fn format(&self) -> Format {
        if self.html { Format::Html } else { Format::Text }
    }
}
