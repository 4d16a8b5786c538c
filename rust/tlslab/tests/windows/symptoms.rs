//! What a Windows shows, against the words of the articles.

use serde_json::json;
use tlslab::scenario::outcome::{Kind, Outcome};
use tlslab::windows::{Ended, Language, Symptom, SymptomKind, symptoms};
use tlslab_proto::crypto::Side;
use tlslab_proto::wire::registry::AlertDescription;

fn shown(label: &str, side: Side, lang: Language) -> Vec<Symptom> {
    symptoms(label.parse().unwrap_or_else(|error| panic!("{error}")), side, lang)
}

fn events(label: &str, side: Side) -> Vec<u32> {
    shown(label, side, Language::En).iter().filter_map(|symptom| symptom.event).collect()
}

#[test]
fn a_client_that_receives_alert_20_shows_all_that_the_article_lists() {
    let english = shown("alert:bad_record_mac:server", Side::Client, Language::En);
    let of_the_article: Vec<_> = english.iter().filter(|one| one.source == "KB4528489").collect();
    assert!(of_the_article.iter().all(|one| one.assumption.is_none()), "{of_the_article:?}");
    let texts: Vec<_> = of_the_article.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "A TLS connection fails or times out.",
            "The request was aborted: Could not create SSL/TLS secure Channel",
            "0x8009030f (SEC_E_MESSAGE_ALTERED)",
            "A fatal alert was received from the remote endpoint. The TLS protocol defined fatal alert code is 20.",
        ]
    );
    let of_sql_server = english.iter().find(|one| one.source == "KB4557473").unwrap();
    assert!(of_sql_server.text.contains("forcibly closed") && of_sql_server.assumption.is_some());
}

#[test]
fn japanese_where_the_article_has_it_and_english_marked_as_such_elsewhere() {
    let japanese = shown("alert:bad_record_mac:server", Side::Client, Language::Ja);
    let event = japanese.iter().find(|one| one.kind == SymptomKind::Event).unwrap();
    assert_eq!(
        event.text,
        "リモート エンドポイントから致命的な警告を受け取りました。 TLS プロトコルで定義されているこの致命的な警告のコードは 20 です。"
    );
    for one in &japanese {
        let expected = if one.source == "KB4528489" { Language::Ja } else { Language::En };
        assert_eq!(one.lang, expected, "{}", one.text);
    }
}

#[test]
fn who_sent_the_alert_decides_the_event() {
    assert_eq!(events("alert:bad_record_mac:server", Side::Client), [36887]);
    assert_eq!(events("alert:bad_record_mac:server", Side::Server), [36888]);
    assert_eq!(events("alert:handshake_failure:client", Side::Server), [36887]);
    assert_eq!(events("closed:server", Side::Client), [0; 0]);
    assert_eq!(events("timed_out", Side::Client), [0; 0]);
}

#[test]
fn other_alerts_are_assumed_and_have_the_code_only_where_a_check_failed() {
    for alert in AlertDescription::REGISTERED {
        for side in [Side::Client, Side::Server] {
            let ended = Ended::Alert { alert: *alert, sender: Side::Server };
            let all = symptoms(ended, side, Language::En);
            let event = all.iter().find(|one| one.kind == SymptomKind::Event).unwrap();
            assert_eq!(event.alert, Some(alert.0));
            assert!(event.text.ends_with(&format!("code is {}.", alert.0)), "{}", event.text);
            let received = side == Side::Client;
            assert_eq!(event.assumption.is_none(), alert.0 == 20 && received, "{alert} {side}");
            let code = all.iter().find(|one| one.kind == SymptomKind::Code);
            assert_eq!(code.is_some(), [20, 21, 51].contains(&alert.0), "{alert}");
            assert!(code.is_none_or(|one| one.assumption.is_none() == (alert.0 == 20)));
        }
    }
}

#[test]
fn a_client_that_the_application_refused_has_failed_without_an_alert() {
    let json = r#"{"kind": "established", "refused": "no_client_certificate"}"#;
    for refused in ["established:full:refused", "established:resumed:ems:refused", json] {
        let all = shown(refused, Side::Client, Language::En);
        let [only] = &all[..] else { panic!("{all:?}") };
        assert!(only.kind == SymptomKind::Behaviour && only.assumption.is_some());
    }
    assert_eq!(shown(r#"{"kind": "established", "refused": null}"#, Side::Client, Language::En), []);
}

#[test]
fn transfers_that_failed_are_shown_though_tls_did_not_fail() {
    let json = r#"{"kind": "established", "ftp": "reply_522"}"#;
    for failed in ["established:full:ftp:reply_522", "established:full:ems:ftp:truncated", json] {
        let all = shown(failed, Side::Client, Language::En);
        let [only] = &all[..] else { panic!("{all:?}") };
        assert!(only.text.contains("transfer files") && only.assumption.is_some());
    }
    let alert = "alert:bad_record_mac:server";
    let of_alert = shown(alert, Side::Client, Language::En);
    assert_eq!(shown(&format!("{alert}:ftp:closed"), Side::Client, Language::En), of_alert);
}

#[test]
fn success_shows_nothing() {
    for label in ["established", "established:full", "established:full:ems", "established:full:ftp:complete"] {
        assert_eq!(shown(label, Side::Client, Language::En), []);
    }
}

#[test]
fn an_outcome_of_the_lab_is_read_by_its_json_and_by_its_label() {
    for (kind, alert, sender) in [
        (Kind::Alert, Some(AlertDescription::BAD_RECORD_MAC), Some(Side::Server)),
        (Kind::Alert, Some(AlertDescription(77)), Some(Side::Client)),
        (Kind::Closed, None, Some(Side::Client)),
        (Kind::TimedOut, None, None),
    ] {
        let code = alert.map(|alert| alert.0);
        let outcome =
            Outcome { kind, alert, code, sender, at: None, cause: None, refused: None, established: None, ftp: None };
        let by_json: Ended = json!(outcome).to_string().parse().unwrap();
        let by_label: Ended = outcome.label().parse().unwrap();
        assert_eq!(by_json, by_label);
    }
}

#[test]
fn what_is_no_outcome_is_refused() {
    for text in [
        "",
        "alert",
        "alert:bad_record_mac",
        "alert:bad_mac:server",
        "closed:nobody",
        "lost",
        "{}",
        "{\"kind\":\"alert\"}",
    ] {
        let error = text.parse::<Ended>().unwrap_err().to_string();
        assert!(error.contains("alert:bad_record_mac:server"), "{error}");
    }
}
