//! Responses (RFC 9112 4).

use super::Format;
use super::page::Fact;
use super::request::{Method, Refusal, Status, Wanted};

/// A response, and what it means for the connection.
pub(super) struct Response {
    status: Status,
    content_type: &'static str,
    content: String,
    /// Whether the content is left out, its length being told all the same.
    head_only: bool,
    /// Whether the connection ends with it.
    pub(super) closes: bool,
}

impl Response {
    /// The page.
    pub(super) fn page(wanted: &Wanted, facts: &[Fact]) -> Self {
        let (content_type, content) = match wanted.format() {
            Format::Text => ("text/plain", text(facts)),
            Format::Html => ("text/html", html(facts)),
        };
        let head_only = wanted.method == Method::Head;
        Self { status: Status::Ok, content_type, content, head_only, closes: !wanted.persists }
    }

    /// The answer to what is not answered with the page.
    pub(super) fn refusal(refusal: &Refusal) -> Self {
        let content = format!("{}\n", refusal.reason);
        Self { status: refusal.status, content_type: "text/plain", content, head_only: false, closes: true }
    }

    /// The bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let (code, reason) = self.status.line();
        let allow = if self.status == Status::MethodNotAllowed { "Allow: GET, HEAD\r\n" } else { "" };
        let close = if self.closes { "Connection: close\r\n" } else { "" };
        let content = if self.head_only { "" } else { &self.content };
        format!(
            "HTTP/1.1 {code} {reason}\r\nContent-Type: {}; charset=utf-8\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\n{allow}{close}\r\n{content}",
            self.content_type,
            self.content.len(),
        )
        .into_bytes()
    }
}

impl Status {
    fn line(self) -> (u16, &'static str) {
        match self {
            Self::Ok => (200, "OK"),
            Self::BadRequest => (400, "Bad Request"),
            Self::MethodNotAllowed => (405, "Method Not Allowed"),
            Self::ContentTooLarge => (413, "Content Too Large"),
            Self::HeaderFieldsTooLarge => (431, "Request Header Fields Too Large"),
            Self::VersionNotSupported => (505, "HTTP Version Not Supported"),
        }
    }
}

fn text(facts: &[Fact]) -> String {
    facts.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

fn html(facts: &[Fact]) -> String {
    let rows: String =
        facts.iter().map(|(name, value)| format!("<tr><th>{name}</th><td>{}</td></tr>\n", escaped(value))).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<title>tlslab</title>\n\
         <style>th {{ text-align: left; vertical-align: top; padding-right: 1em }}</style>\n\
         <table>\n{rows}</table>\n</html>\n"
    )
}

/// What a client has said is text, and no markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
