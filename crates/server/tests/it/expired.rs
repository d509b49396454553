//! `expire` in a configuration: what it does, and what is refused.

use super::place::Place;

const CONFIG: &str = "sources:\n  - { id: s, kind: file, path: ops.jsonl, node: { label: Reading, id: \"r:{id}\" }, timestamp: { path: at }, expire: EXPIRE }\n\
                      queries:\n  - { id: all, sources: [s], cypher: 'MATCH (r:Reading) RETURN r.id AS id' }\n";

fn place(expire: &str) -> Place {
    let line = |id: u32, at: &str| format!("{{\"id\":{id},\"at\":\"2026-11-30T{at}Z\"}}");
    let lines = [line(1, "08:00:00"), line(2, "08:30:00"), line(3, "09:00:00"), line(4, "09:29:59")];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Place::new(&CONFIG.replace("EXPIRE", expire), &lines)
}

#[test]
fn what_has_expired_by_the_time_of_the_input_is_gone_once_all_is_read() {
    for (expire, left) in
        [("1h", "2\n3\n4\n"), ("{ Reading: 30m }", "3\n4\n"), ("{ Other: 1s }", "1\n2\n3\n4\n")]
    {
        let place = place(expire);
        place.livewell(&["run", "livewell.yaml", "--until-idle"]).expect(0, &[]);
        let shown = place.livewell(&["results", "all", "--format", "csv"]);
        let mut ids: Vec<&str> = shown.expect(0, &[]).out.lines().skip(1).collect();
        ids.sort_unstable();
        assert_eq!(ids.join("\n") + "\n", left, "{expire}: {}", shown.out);
    }
}

#[test]
fn periods_that_are_none_are_refused_at_their_place() {
    for (expire, why) in [
        ("30", "a period, as in `30d`"),
        ("a month", "`a month` is not a duration"),
        ("{}", "`expire` names no label"),
        ("{ Reading: 1ms }", "`expire` of `Reading` is shorter than a second"),
        ("[1h]", "a period, as in `30d`"),
    ] {
        place(expire).livewell(&["check", "livewell.yaml"]).expect(2, &["livewell.yaml:2:", why]);
    }
    let postgres = "sources:\n  - { id: s, kind: postgres, url: \"postgres://me@h/d\", expire: 1h }\n";
    Place::new(postgres, &[]).livewell(&["check", "livewell.yaml"]).expect(2, &["LW0603", "`expire`"]);
}
