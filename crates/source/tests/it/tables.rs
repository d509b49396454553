//! Tables: rows become nodes and relationships, and what does not fit is refused at its place.

use crate::support::{drain, one, put};
use livewell_model::{Change, ElementId, Map, Node, Relationship, Transaction, Value};
use livewell_source::file::{FilePosition, FileSource, Parser};
use livewell_source::settings::{End, FileSettings, NodeMapping, OnError, PropertyType, RelationshipMapping};
use livewell_source::{ErrorKind, SourceError};

fn settings(path: impl Into<std::path::PathBuf>) -> FileSettings {
    let to = |kind: &str, to: End| RelationshipMapping { kind: kind.into(), to };
    FileSettings {
        node: Some(NodeMapping { label: "Plane".into(), id: "plane:{tailnum}".into() }),
        relationships: vec![
            to("BASED_AT", End::Here("airport:{base}".into())),
            to("OF", End::There { source: "reference".into(), id: "airline:{carrier}".into() }),
        ],
        types: [("zip".to_string(), PropertyType::Text)].into(),
        null_text: "NA".into(),
        ..one(path)
    }
}

fn read(text: &str) -> Result<Vec<Transaction>, SourceError> {
    let dir = tempfile::tempdir().unwrap();
    let path = put(dir.path(), "planes.csv", text.as_bytes());
    drain(&settings(path), None, 9).map(|(transactions, _)| transactions)
}

fn plane(id: &str, properties: &[(&str, Value)]) -> Change {
    let properties: Map = properties.iter().map(|(name, value)| (*name, value.clone())).collect();
    Change::insert(Node { id: ElementId::new("s", id), labels: vec!["Plane".into()], properties })
}

fn leads(id: &str, kind: &str, to: ElementId) -> Change {
    let from = ElementId::new("s", id.split("-").next().unwrap());
    let kind = kind.into();
    Change::insert(Relationship { id: ElementId::new("s", id), kind, from, to, properties: Map::new() })
}

#[test]
fn a_row_becomes_a_node_and_the_relationships_whose_columns_are_not_null() {
    let text = "tailnum,base,carrier,seats,speed,zip,active,note\n\
                N1,EWR,UA,55,NA,007,true,\"a \"\"big\"\" one, \nreally\"\r\n\
                N2,NA,NA,1.5,1e2,NA,false,\n";
    let first = [
        plane(
            "plane:N1",
            &[
                ("tailnum", "N1".into()),
                ("base", "EWR".into()),
                ("carrier", "UA".into()),
                ("seats", Value::Int(55)),
                ("zip", "007".into()),
                ("active", true.into()),
                ("note", "a \"big\" one, \nreally".into()),
            ],
        ),
        leads("plane:N1-BASED_AT->airport:{base}", "BASED_AT", ElementId::new("s", "airport:EWR")),
        leads("plane:N1-OF->reference/airline:{carrier}", "OF", ElementId::new("reference", "airline:UA")),
    ];
    let gone = |id: &str| Change::Delete(ElementId::new("s", id));
    let second = [
        plane(
            "plane:N2",
            &[
                ("tailnum", "N2".into()),
                ("seats", Value::Float(1.5)),
                ("speed", Value::Float(100.0)),
                ("active", false.into()),
                ("note", "".into()),
            ],
        ),
        gone("plane:N2-BASED_AT->airport:{base}"),
        gone("plane:N2-OF->reference/airline:{carrier}"),
    ];
    let wanted: Vec<Vec<Change>> = vec![first.into(), second.into()];
    let have: Vec<Vec<Change>> =
        read(text).unwrap().into_iter().map(|transaction| transaction.changes).collect();
    assert_eq!(have, wanted);
}

#[test]
fn resuming_at_any_row_gives_what_remains_packed_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let text = "tailnum,base,carrier,zip\nN1,a,b,1\n\"N\n2\",a,b,1\n\nN3,a,b,1";
    for name in ["x.csv", "x.csv.gz", "x.csv.zst"] {
        let settings = settings(put(dir.path(), name, text.as_bytes()));
        let (all, _) = drain(&settings, None, 9).unwrap();
        assert_eq!(all.len(), 3);
        let mut source = FileSource::open(settings.clone(), None).unwrap();
        for taken in 0..=3 {
            let position = FilePosition::decode(&source.position().encode()).unwrap();
            assert_eq!(drain(&settings, Some(position), 9).unwrap().0, all[taken..], "{name} after {taken}");
            source.read(1, usize::MAX).unwrap();
        }
    }
    // A changed header is reported as a change of the file, not as a wrong mapping.
    let path = dir.path().join("x.csv");
    let end = FileSource::open(settings(&path), None).unwrap().read(9, usize::MAX).unwrap().position;
    put(dir.path(), "x.csv", text.replace("tailnum", "tailnoo").as_bytes());
    let error = FileSource::open(settings(&path), FilePosition::decode(&end).ok()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Changed);
}

#[test]
fn a_row_that_does_not_fit_is_refused_at_its_place() {
    let header = "tailnum,base,carrier,zip\n";
    let cases = [
        ("N1,a,b,1\nN2,a,b\n", 3, 7, "3 fields, and the header has 4"),
        ("N1,a,b,1,x\n", 2, 10, "5 fields, and the header has 4"),
        ("N1,a\"b,c,1\n", 2, 5, "a quote within a field"),
        ("N1,\"a\"b,c,1\n", 2, 7, "text after a closing quote"),
        ("N1,a,b,1\nN2,\"a,b\n\n", 3, 4, "never closed"),
        ("\"N\n1\",a,b\n", 3, 7, "3 fields"),
        ("NA,a,b,1\n", 2, 1, "`tailnum` is null"),
    ];
    for (rows, line, column, says) in cases {
        let error = read(&format!("{header}{rows}")).expect_err(rows);
        let place = error.place.clone().unwrap();
        assert_eq!((place.line, place.column), (line, Some(column)), "{error}");
        assert!(error.code == "LW0204" && error.message.contains(says), "{error}");
    }
}

#[test]
fn a_cell_that_is_not_of_its_columns_type_is_refused_or_parked() {
    let dir = tempfile::tempdir().unwrap();
    let path = put(dir.path(), "x.csv", b"tailnum,base,carrier,zip\nN1,a,b,x\nN2,a,b,7\n");
    let mut settings = settings(path);
    settings.types.insert("zip".into(), PropertyType::Integer);
    let error = drain(&settings, None, 9).unwrap_err();
    assert!(error.message.contains("x.csv:2:8: `zip` must be an integer"), "{error}");
    settings.on_error = OnError::Park;
    let (transactions, parked) = drain(&settings, None, 9).unwrap();
    assert_eq!((transactions.len(), parked[0].text.as_str()), (1, "N1,a,b,x"));
}

#[test]
fn a_header_that_does_not_fit_the_mapping_is_refused_at_opening() {
    let cases = [
        ("tailnumm,base,carrier,zip\n", "did you mean `tailnumm`?"),
        ("tailnum,bse,carrier,zip\n", "no column `base`; did you mean `bse`?"),
        ("tailnum,base,carrier\n", "no column `zip`"),
        ("tailnum,base,carrier,zip,base\n", "two columns are named `base`"),
        ("tailnum,,base,carrier,zip\n", "column 2 has no name"),
        ("tailnum,\"base\n", "never closed"),
        ("", "is empty"),
    ];
    for (header, says) in cases {
        let dir = tempfile::tempdir().unwrap();
        let error =
            FileSource::open(settings(put(dir.path(), "x.csv", header.as_bytes())), None).unwrap_err();
        assert!(error.kind == ErrorKind::Settings && error.message.contains(says), "{header}: {error}");
        assert!(error.message.contains("x.csv"), "{error}");
    }
}

#[test]
fn a_row_by_itself_is_read_as_in_its_table() {
    let dir = tempfile::tempdir().unwrap();
    let rows = ["N1,a,b,007", "N2,\"a\nb\",,1.5", "N3,NA,\"\"\"\",true"];
    let text = format!("tailnum,base,carrier,zip\n{}\n", rows.join("\n"));
    let path = put(dir.path(), "x.csv", text.as_bytes());
    let settings = settings(path);
    let (transactions, _) = drain(&settings, None, 9).unwrap();
    let mut parser = Parser::new(&settings);
    for (row, transaction) in rows.iter().zip(&transactions) {
        for (file, end) in [(Some(0), ""), (None, "\n"), (Some(0), "\r\n")] {
            assert_eq!(&parser.parse(file, &format!("{row}{end}")).unwrap(), transaction);
        }
    }
    for (file, text, says) in [
        (Some(0), "N1,a,b", "3 fields"),
        (Some(0), "N1,a,b,1\nN2,a,b,1", "several rows"),
        (Some(1), "N1,a,b,1", "does not have the file"),
    ] {
        let error = parser.parse(file, text).unwrap_err();
        assert!(error.message.contains(says), "{error}");
    }
    std::fs::remove_file(dir.path().join("x.csv")).unwrap();
    let error = Parser::new(&settings).parse(Some(0), rows[0]).unwrap_err();
    assert!(error.message.contains("does not exist"), "{error}");
}
