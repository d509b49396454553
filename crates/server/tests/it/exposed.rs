//! Who can reach a server: other machines only if the configuration says so, and never without a token.

use super::place::Place;

const REST: &str = "store: { kind: memory }\nsources:\n  - { id: ops, kind: http }\n";

fn place(server: &str) -> Place {
    Place::new(&format!("{REST}server: {{ {server} }}\n"), &[])
}

#[test]
fn an_address_beyond_loopback_is_refused_without_a_token_and_without_saying_insecure() {
    for listen in [
        "0.0.0.0:0",
        "'[::]:0'",
        "10.1.2.3:7171",
        "'[2001:db8::1]:7171'",
        "'[::ffff:0.0.0.0]:0'",
        "'[::ffff:10.1.2.3]:7171'",
    ] {
        for (more, help) in [
            ("", "insecure: true"),
            ("insecure: true", "give a token"),
            ("insecure: true, token: ''", "the token is empty"),
            ("insecure: true, token: '  '", "the token is empty"),
            ("insecure: true, token: '${NO_SUCH_VARIABLE:-}'", "give a token"),
            ("token: secret", "insecure: true"),
        ] {
            let place = place(&format!("listen: {listen}, {more}"));
            place.livewell(&["check", "livewell.yaml"]).expect(2, &["LW0609", help]);
            place.livewell(&["run", "livewell.yaml"]).expect(2, &["LW0609", help]);
        }
        place(&format!("listen: {listen}, insecure: true, token: secret"))
            .livewell(&["check", "livewell.yaml"])
            .expect(0, &["warning: livewell.yaml:4:", "the token `default` has 6 characters"]);
        let tls = "tls: { certificate: absent.pem, key: absent.key }";
        for (more, help) in
            [("", "give a token"), (", token: ''", "the token is empty"), (", token: secret", "LW0741")]
        {
            place(&format!("listen: {listen}, {tls}{more}")).livewell(&["check"]).expect(2, &[help]);
        }
    }
}

#[test]
fn a_loopback_address_needs_nothing_and_an_empty_token_is_none_to_have() {
    for listen in ["127.0.0.1:0", "127.1.2.3:0", "'[::1]:0'", "'[::ffff:127.0.0.1]:0'"] {
        place(&format!("listen: {listen}")).livewell(&["check", "livewell.yaml"]).expect(0, &[]);
        let empty = place(&format!("listen: {listen}, token: ''"));
        empty.livewell(&["check", "livewell.yaml"]).expect(2, &["the token is empty"]);
    }
}

#[test]
fn a_host_that_no_browser_sends_is_refused_in_the_configuration() {
    for host in ["'*'", "http://livewell.test", "livewell.test/x", "''", "a..b", "livewell.test:http"] {
        let place = place(&format!("allowed_hosts: [ok.test, {host}]"));
        place.livewell(&["check", "livewell.yaml"]).expect(2, &["is not a host name", "as browsers send it"]);
    }
}
