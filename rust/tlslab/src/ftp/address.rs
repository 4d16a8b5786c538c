//! Where a data connection goes to: the replies to PASV and EPSV, the arguments of PORT and EPRT.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{FtpError, Reply};

/// The reply to PASV: 227 (RFC 959 4.2.2).
pub(super) fn passive(address: Ipv4Addr, port: u16) -> Reply {
    let [a, b, c, d] = address.octets();
    let [high, low] = port.to_be_bytes();
    Reply::new(227, format!("Entering Passive Mode ({a},{b},{c},{d},{high},{low})."))
}

/// The reply to EPSV: 229 (RFC 2428 3).
pub(super) fn extended_passive(port: u16) -> Reply {
    Reply::new(229, format!("Entering Extended Passive Mode (|||{port}|)"))
}

/// The port of a reply to EPSV or PASV, at `host`, to which the control connection goes.
///
/// # Errors
/// The reply names no port, or another host: RFC 2577 has nobody follow it there.
pub(super) fn of_reply(reply: &Reply, host: IpAddr) -> Result<u16, FtpError> {
    let text = reply.text();
    let port = match reply.code {
        229 => of_extended(&text),
        _ => match of_classic(&text) {
            Some(address) if address.ip() == host.to_canonical() => Some(address.port()),
            Some(address) => return Err(FtpError::ForeignHost { got: address.ip(), expected: host }),
            None => None,
        },
    };
    port.filter(|port| *port != 0).ok_or(FtpError::NoAddress { reply: text.chars().take(80).collect() })
}

/// The port of `(|||port|)`, where any character may be the delimiter.
fn of_extended(text: &str) -> Option<u16> {
    let inside = text.split_once('(')?.1;
    let delimiter = inside.chars().next()?;
    match inside.split(delimiter).collect::<Vec<_>>()[..] {
        ["", "", "", port, _] => port.parse().ok(),
        _ => None,
    }
}

/// The address of `h1,h2,h3,h4,p1,p2`, in brackets or not.
pub(super) fn of_classic(text: &str) -> Option<SocketAddr> {
    let start = text.find('(').map_or_else(|| text.find(|c: char| c.is_ascii_digit()), |at| Some(at + 1))?;
    let numbers = text[start..].split(|c: char| c != ',' && !c.is_ascii_digit()).next()?;
    let bytes: Vec<u8> = numbers.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [a, b, c, d, high, low] = bytes[..] else { return None };
    Some(SocketAddr::from(([a, b, c, d], u16::from_be_bytes([high, low]))))
}

/// The address of the argument of EPRT, `|1|192.0.2.1|6446|` (RFC 2428 2).
pub(super) fn of_eprt(argument: &str) -> Option<SocketAddr> {
    let delimiter = argument.chars().next()?;
    let ["", family, host, port, ""] = argument.split(delimiter).collect::<Vec<_>>()[..] else { return None };
    let host: IpAddr = host.parse().ok()?;
    let fits = matches!((family, host), ("1", IpAddr::V4(_)) | ("2", IpAddr::V6(_)));
    fits.then_some(SocketAddr::new(host, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_name_a_port_of_the_same_host() {
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        let port = |code, text: &str| of_reply(&Reply::new(code, text), here);
        let bad = |reply: &str| Err(FtpError::NoAddress { reply: reply.to_owned() });
        assert_eq!(of_reply(&passive(Ipv4Addr::LOCALHOST, 4660), here), Ok(4660));
        assert_eq!(of_reply(&extended_passive(4660), here), Ok(4660));
        assert_eq!(port(227, "=127,0,0,1,4,2"), Ok(1026));
        assert_eq!(port(229, "ok (!!!7!)"), Ok(7));
        for (code, text) in [
            (227, ""),
            (227, "(127,0,0,1,4)"),
            (227, "(127,0,0,1,4,2,9)"),
            (227, "(127,0,0,1,400,2)"),
            (227, "(127,0,0,1,0,0)"),
            (229, "()"),
            (229, "(|||65536|)"),
            (229, "(|1|x|7|)"),
            (229, "(|||7"),
        ] {
            assert_eq!(port(code, text), bad(text), "{text}");
        }
        let elsewhere = "192.0.2.1".parse().unwrap();
        assert_eq!(port(227, "(192,0,2,1,4,2)"), Err(FtpError::ForeignHost { got: elsewhere, expected: here }));
        let mapped = "::ffff:127.0.0.1".parse().unwrap();
        assert_eq!(of_reply(&passive(Ipv4Addr::LOCALHOST, 9), mapped), Ok(9));
    }

    #[test]
    fn arguments_of_eprt() {
        assert_eq!(of_eprt("|1|192.0.2.1|6446|"), Some("192.0.2.1:6446".parse().unwrap()));
        assert_eq!(of_eprt("|2|2001:db8::1|6446|"), Some("[2001:db8::1]:6446".parse().unwrap()));
        for wrong in ["", "|", "|1|2001:db8::1|6446|", "|1|192.0.2.1|6446", "|3|192.0.2.1|6446|", "|1|x|1|"] {
            assert_eq!(of_eprt(wrong), None, "{wrong}");
        }
    }
}
