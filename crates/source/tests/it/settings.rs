//! Settings: read as the contract shows them, and refused with advice.

use livewell_source::settings::{End, SourceSettings};

fn read(json: &str) -> Result<SourceSettings, String> {
    let settings: SourceSettings = serde_json::from_str(json).map_err(|error| error.to_string())?;
    settings.validate().map_err(|error| error.to_string())?;
    Ok(settings)
}

#[test]
fn the_sources_of_the_contract_are_read() {
    let reference = r#"{"id":"reference","kind":"file","null_text":"NA","files":[
        {"path":"airports.csv","node":{"label":"Airport","id":"airport:{faa}"}},
        {"path":"planes.csv","node":{"label":"Plane","id":"plane:{tailnum}"},"types":{"zip":"string"},
         "relationships":[{"type":"BASED_AT","to":"airport:{base}"},{"type":"OF","to":{"source":"a","id":"{b}"}}]}]}"#;
    let SourceSettings::File(mut file) = read(reference).unwrap() else { panic!("a file source") };
    assert_eq!(file.files[1].relationships[0].to, End::Here("airport:{base}".into()));
    file.resolve("/etc/livewell".as_ref());
    assert_eq!(file.entries()[0].path, std::path::Path::new("/etc/livewell/airports.csv"));

    let ops = r#"{"id":"ops","kind":"file","path":"ops.jsonl.zst","after":["reference"],"rate":2000}"#;
    assert_eq!(read(ops).unwrap().after(), ["reference"]);
    assert_eq!(read(r#"{"id":"orders","kind":"http"}"#).unwrap().id(), "orders");
    assert_eq!(
        read(r#"{"id":"orders","kind":"in-process","limits":{"changes_max":5}}"#).unwrap().id(),
        "orders"
    );
}

#[test]
fn settings_that_make_no_sense_are_refused_with_advice() {
    let cases = [
        (r#"{"id":"a","kind":"file"}"#, "either `path`"),
        (r#"{"id":"a","kind":"file","path":"x.jsonl","files":[{"path":"y.jsonl"}]}"#, "either `path`"),
        (r#"{"id":"-a","kind":"http"}"#, "an id is"),
        (r#"{"id":"a","kind":"file","path":"x.json"}"#, ".jsonl and .csv"),
        (r#"{"id":"a","kind":"file","path":"x.csv"}"#, "say what its rows become"),
        (r#"{"id":"a","kind":"file","path":"x.jsonl","rate":0}"#, "`rate`"),
        (r#"{"id":"a","kind":"file","path":"x.jsonl","after":["a"]}"#, "the source itself"),
        (r#"{"id":"a","kind":"file","files":[{"path":"x.jsonl"}],"types":{"a":"float"}}"#, "each entry"),
        (r#"{"id":"a","kind":"file","path":"x.jsonl","on_eror":"park"}"#, "unknown field `on_eror`"),
        (r#"{"id":"a","kind":"http","limits":{"id_bytes_max":0}}"#, "at least 1"),
        (r#"{"id":"a","kind":"htp"}"#, "htp"),
    ];
    for (json, says) in cases {
        let error = read(json).expect_err(json);
        assert!(error.contains(says), "{json}: {error}");
    }
}
