//! What a command says of a server that refuses it, or does not answer.

use crate::failure::Failure;

/// The environment variable with the token for servers at an address.
pub const TOKEN: &str = "LIVEWELL_TOKEN";

/// Returns the failure of a call that was refused with this message and code.
pub fn failure(detail: &str, code: &str) -> Failure {
    if code.starts_with("LW06") {
        return of_configuration(detail, code);
    }
    match code {
        "LW0707" => Failure::failed(format!("{detail}; {} [{code}]", of_the_token())),
        _ => Failure::failed(format!("{detail} [{code}]")),
    }
}

/// Returns the failure of a call that was answered as no Livewell does.
pub fn of_another(name: &str, status: u16) -> Failure {
    Failure::failed(format!("{name} answers with status {status}; is a Livewell listening there? [LW0710]"))
}

/// Returns the failure of a configuration that is refused. Its problems may be told as `livewell check` tells them.
fn of_configuration(detail: &str, code: &str) -> Failure {
    let detail = detail.trim_end_matches('\n');
    let is_told = detail.starts_with("error");
    Failure::Usage(if is_told { format!("{detail}\n") } else { format!("error: {detail} [{code}]\n") })
}

/// Says where the commands have their token from.
fn of_the_token() -> String {
    let is_set = std::env::var(TOKEN).is_ok_and(|token| !token.is_empty());
    let how = if is_set { "whose value this server does not accept" } else { "which is not set" };
    format!("the commands take it from the environment variable {TOKEN}, {how}")
}

/// Describes why there is no answer on a connection.
pub fn no_answer(error: &hyper::Error) -> String {
    if error.is_parse() {
        return "what listens there does not answer in HTTP; if it speaks TLS, write `https://`".to_owned();
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_is_refused_is_wrong_usage_and_told_once() {
        for (detail, told) in [
            ("error[LW0603]: no\n --> a.yaml:1\n", "error[LW0603]: no\n --> a.yaml:1\n"),
            ("it names no kind", "error: it names no kind [LW0603]\n"),
        ] {
            let Failure::Usage(text) = failure(detail, "LW0603") else { panic!("{detail}") };
            assert_eq!(text, told);
        }
        assert!(matches!(failure("there is no `q`", "LW0501"), Failure::Failed(_)));
    }
}
