use proptest::prelude::*;
use tlslab::diagnose::{Direction, Event, EventsError, read_events};

fn event(direction: Direction, alert: u8) -> Event {
    Event { direction, alert }
}

/// As the Event Viewer of Windows Server 2016 saves them, shortened.
const XML: &str = r#"<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<Events><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Schannel'
Guid='{1F678132-5938-4686-9FDC-C8FF68F15C85}'/><EventID>36887</EventID><Level>2</Level><TimeCreated
SystemTime='2019-10-20T10:00:00.000000000Z'/><Computer>web01</Computer></System><EventData><Data
Name='AlertDesc'>20</Data></EventData><RenderingInfo Culture='en-US'><Message>A fatal alert was received from the
remote endpoint. The TLS protocol defined fatal alert code is 20.</Message></RenderingInfo></Event>
<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>36888</EventID></System>
<UserData><EventXML xmlns="LSA_NS"><AlertDesc>40</AlertDesc><ErrorState>1205</ErrorState></EventXML></UserData></Event>
<Event><System><EventID>36880</EventID></System></Event>
<Event><System><EventID>36887</EventID></System><RenderingInfo Culture='ja-JP'><Message>リモート エンドポイントから致命的な警告を受け取りました。 TLS プロトコルで定義されているこの致命的な警告のコードは 20 です。</Message></RenderingInfo></Event>
</Events>"#;

const CSV: &str = "Level,Date and Time,Source,Event ID,Task Category\r\n\
    Error,10/20/2019 10:00:00 AM,Schannel,36887,None,A fatal alert was received from the remote endpoint. The TLS \
    protocol defined fatal alert code is 20.\r\n\
    Information,10/20/2019 10:00:01 AM,Schannel,36880,None,\"An TLS client handshake completed successfully.\r\n\r\n\
    Protocol: TLS 1.2\"\r\n\
    Error,10/20/2019 10:00:02 AM,Schannel,36888,None,A fatal alert was generated and sent to the remote endpoint. This \
    may result in termination of the connection. The TLS protocol defined fatal error code is 40.\r\n";

const CSV_JA: &str = "レベル,日付と時刻,ソース,イベント ID,タスクのカテゴリ\r\n\
    エラー,2019/10/20 10:00:00,Schannel,36887,なし,リモート エンドポイントから致命的な警告を受け取りました。 TLS \
    プロトコルで定義されているこの致命的な警告のコードは 20 です。\r\n";

#[test]
fn events_are_read_from_xml_and_csv_in_both_languages() {
    use Direction::{Received, Sent};
    let received = event(Received, 20);
    for (text, expected) in [
        (XML, vec![received, event(Sent, 40), received]),
        (CSV, vec![received, event(Sent, 40)]),
        (CSV_JA, vec![received]),
        (&CSV.replace(',', "\t"), vec![received, event(Sent, 40)]),
    ] {
        let export = read_events(text).unwrap();
        assert_eq!((export.events, export.broken), (expected, None), "{text}");
    }
}

#[test]
fn a_broken_export_gives_what_comes_before() {
    let cut = XML.find("<UserData>").unwrap();
    for rest in ["", "<Event></Events>"] {
        let export = read_events(&format!("{}{rest}", &XML[..cut])).unwrap();
        assert_eq!(export.events, [event(Direction::Received, 20)]);
        assert!(export.broken.unwrap().starts_with("after "), "{rest:?}");
    }
}

#[test]
fn what_is_no_export_is_refused() {
    for text in ["", "hello", "a,b,c\n1,2,3\n", "<html><body/></html>", "{\"json\": true}"] {
        assert_eq!(read_events(text), Err(EventsError::NoExport), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in ".*", at in any::<prop::sample::Index>(), csv in any::<bool>()) {
        let export = if csv { CSV } else { XML };
        let at = (0..=at.index(export.len())).rev().find(|at| export.is_char_boundary(*at)).unwrap_or(0);
        let _ = read_events(&format!("{}{text}{}", &export[..at], &export[at..]));
        let _ = read_events(&format!("{}{text}", &export[..at]));
    }
}
