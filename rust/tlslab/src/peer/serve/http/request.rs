//! Requests (RFC 9112 2, 3), as far as a server with one page has to understand them.

/// The longest head of a request that is read, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// As many bytes of requests wait for the answers to those before them.
const MAX_WAITING: usize = 128 << 10;

/// A request for the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// GET or HEAD, as it was asked for.
    pub(super) method: Method,
    /// What was asked for.
    pub(super) target: String,
    /// Whether the client may ask again on this connection.
    pub(super) persists: bool,
    /// Whether the client prefers HTML to plain text.
    pub(super) html: bool,
}

/// The methods that the page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Head,
}

/// Why a request is not answered with the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: Status,
    pub(super) reason: &'static str,
}

/// The statuses of answers (RFC 9110 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    BadRequest,
    MethodNotAllowed,
    ContentTooLarge,
    HeaderFieldsTooLarge,
    VersionNotSupported,
}

/// Joins what arrives to requests.
#[derive(Default)]
pub(super) struct Requests {
    bytes: Vec<u8>,
    /// Whether more has come than waits: nothing that follows is taken for a request.
    overflowed: bool,
}

impl Requests {
    /// Takes in bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = MAX_WAITING - self.bytes.len();
        if !self.overflowed {
            self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        self.overflowed |= bytes.len() > room;
    }

    /// The next request, once its head is there, or why there will be none.
    pub(super) fn next(&mut self) -> Option<Result<Wanted, Refusal>> {
        // RFC 9112 2.2: empty lines before a request are passed over.
        let empty = self.bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.bytes.drain(..empty);
        if let Some(end) = end_of_head(&self.bytes[..self.bytes.len().min(MAX_HEAD)]) {
            let head: Vec<u8> = self.bytes.drain(..end).collect();
            return Some(parse(&head));
        }
        if let Some(Err(refusal)) = first_line(&self.bytes).map(request_line) {
            return Some(Err(refusal));
        }
        let is_too_long = self.bytes.len() >= MAX_HEAD || self.overflowed;
        let reason = "the head is longer than 16384 bytes, or too many requests wait";
        is_too_long.then_some(Err(Refusal { status: Status::HeaderFieldsTooLarge, reason }))
    }
}

/// How many bytes the head has, its empty line included. A lone LF ends a line too (RFC 9112 2.2).
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let mut line_start = 0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        if matches!(&bytes[line_start..at], b"" | b"\r") {
            return Some(at + 1);
        }
        line_start = at + 1;
    }
    None
}

fn first_line(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some(without_end(&bytes[..end]))
}

fn without_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn bad(reason: &'static str) -> Refusal {
    Refusal { status: Status::BadRequest, reason }
}

fn parse(head: &[u8]) -> Result<Wanted, Refusal> {
    let mut lines = head.split(|byte| *byte == b'\n').map(without_end);
    let (method, target, is_1_1) = request_line(lines.next().unwrap_or_default())?;
    let mut wanted = Wanted { method, target, persists: is_1_1, html: false };
    let mut hosts = 0;
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = field(line)?;
        match name.to_ascii_lowercase().as_str() {
            "host" => hosts += 1,
            "connection" if has_token(value, "close") => wanted.persists = false,
            "accept" => wanted.html = has_token(value, "text/html"),
            "content-length" if value != "0" => return Err(with_content()),
            "transfer-encoding" => return Err(with_content()),
            _ => {}
        }
    }
    // RFC 9112 3.2.
    if hosts > 1 || (is_1_1 && hosts == 0) {
        return Err(bad("a request of HTTP/1.1 has one Host field"));
    }
    Ok(wanted)
}

fn with_content() -> Refusal {
    Refusal { status: Status::ContentTooLarge, reason: "the page takes no content" }
}

/// Method, target, and whether the version is 1.1 (RFC 9112 3).
fn request_line(line: &[u8]) -> Result<(Method, String, bool), Refusal> {
    let line = std::str::from_utf8(line).map_err(|_| bad("the request line is not ASCII"))?;
    let [method, target, version] = line.split(' ').collect::<Vec<_>>()[..] else {
        return Err(bad("a request line is a method, a target and a version"));
    };
    let sound = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic());
    if !sound(method) || !sound(target) {
        return Err(bad("a request line has bytes that it must not have"));
    }
    let is_1_1 = match version.strip_prefix("HTTP/").map(str::as_bytes) {
        Some(b"1.0") => false,
        Some([b'1', b'.', minor]) if minor.is_ascii_digit() => true,
        Some([major, b'.', minor]) if major.is_ascii_digit() && minor.is_ascii_digit() => {
            return Err(Refusal { status: Status::VersionNotSupported, reason: "HTTP/1.0 and HTTP/1.1 are spoken" });
        }
        _ => return Err(bad("the version is not one of HTTP")),
    };
    match method {
        "GET" => Ok((Method::Get, target.to_owned(), is_1_1)),
        "HEAD" => Ok((Method::Head, target.to_owned(), is_1_1)),
        _ => Err(Refusal { status: Status::MethodNotAllowed, reason: "the page has GET and HEAD" }),
    }
}

/// Name and value of a field (RFC 9112 5).
fn field(line: &[u8]) -> Result<(&str, &str), Refusal> {
    let no_field = || bad("a header line is no field");
    let line = std::str::from_utf8(line).map_err(|_| no_field())?;
    let (name, value) = line.split_once(':').ok_or_else(no_field)?;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(no_field());
    }
    Ok((name, value.trim_matches([' ', '\t'])))
}

/// Whether a list has a token, whatever its parameters.
fn has_token(list: &str, token: &str) -> bool {
    list.split(',').filter_map(|item| item.split(';').next()).any(|item| item.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(bytes: &[u8]) -> Result<Wanted, Refusal> {
        let mut requests = Requests::default();
        requests.push(bytes);
        requests.next().expect("it is whole")
    }

    fn status(bytes: &[u8]) -> Status {
        only(bytes).expect_err("it is refused").status
    }

    #[test]
    fn a_request_is_read_byte_by_byte() {
        let mut requests = Requests::default();
        let bytes = b"\r\nHEAD /a?b HTTP/1.1\r\nHost: x\r\nAccept: text/html, */*;q=0.1\r\nConnection: Close\r\n\r\n";
        for byte in &bytes[..bytes.len() - 1] {
            requests.push(&[*byte]);
            assert_eq!(requests.next(), None);
        }
        requests.push(b"\nGET");
        let wanted = Wanted { method: Method::Head, target: "/a?b".to_owned(), persists: false, html: true };
        assert_eq!(requests.next(), Some(Ok(wanted)));
        requests.push(b" / HTTP/1.0\n\n");
        let wanted = Wanted { method: Method::Get, target: "/".to_owned(), persists: false, html: false };
        assert_eq!(requests.next(), Some(Ok(wanted)));
        assert_eq!(requests.next(), None);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        assert_eq!(status(b"garbage\r\n"), Status::BadRequest);
        assert_eq!(status(b"\x00\xff\xfe\n"), Status::BadRequest);
        assert_eq!(status(b"GET /\x01 HTTP/1.0\r\n"), Status::BadRequest);
        assert_eq!(status(b"GET  / HTTP/1.0\r\n"), Status::BadRequest);
        assert_eq!(status(b"GET / HTTP/1.1\r\n\r\n"), Status::BadRequest, "no Host");
        assert_eq!(status(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), Status::BadRequest);
        assert_eq!(status(b"GET / HTTP/1.0\r\nno field\r\n\r\n"), Status::BadRequest);
        assert_eq!(status(b"GET / HTTP/1.0\r\nname : x\r\n\r\n"), Status::BadRequest);
        assert_eq!(status(b"GET / HTTP/2.0\r\n"), Status::VersionNotSupported);
        assert_eq!(status(b"POST / HTTP/1.0\r\n"), Status::MethodNotAllowed);
        assert_eq!(status(b"GET / HTTP/1.0\r\nContent-Length: 5\r\n\r\n"), Status::ContentTooLarge);
        assert_eq!(status(b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), Status::ContentTooLarge);
    }

    #[test]
    fn a_head_without_end_is_refused_and_not_kept() {
        let mut requests = Requests::default();
        requests.push(b"GET / HTTP/1.0\r\n");
        for _ in 0..100 {
            requests.push(&[b'a'; 1 << 14]);
        }
        assert!(requests.bytes.len() <= MAX_WAITING);
        assert_eq!(requests.next().unwrap().unwrap_err().status, Status::HeaderFieldsTooLarge);
    }

    /// What does not fit is not left out in the middle: what comes after it is no request.
    #[test]
    fn requests_that_do_not_fit_are_the_last() {
        let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut requests = Requests::default();
        for _ in 0..2 * MAX_WAITING / request.len() {
            requests.push(request);
        }
        let answered: Vec<_> = std::iter::from_fn(|| requests.next()).take(MAX_WAITING).collect();
        let sound = answered.iter().take_while(|answer| answer.is_ok()).count();
        assert_eq!(sound, MAX_WAITING / request.len());
        requests.push(request);
        assert_eq!(requests.next().unwrap().unwrap_err().status, Status::HeaderFieldsTooLarge);
    }
}
