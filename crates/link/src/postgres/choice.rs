//! The keywords whose values are words: the words and their meanings.

/// How much TLS is wanted; the meaning is that of `sslmode` in libpq.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS only if the server does not accept a connection without it.
    Allow,
    /// TLS if the server has it, whoever the server is.
    #[default]
    Prefer,
    /// TLS, whoever the server is.
    Require,
    /// TLS with a certificate that is trusted.
    VerifyCa,
    /// TLS with a trusted certificate of the host in the URL.
    VerifyFull,
}

/// Whether the login is bound to the TLS connection, so that nobody in between can pass it on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ChannelBinding {
    /// It is not bound.
    Disable,
    /// It is bound if the server offers it.
    #[default]
    Prefer,
    /// It is bound, or the connection is refused.
    Require,
}

/// Which of several hosts is acceptable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TargetSession {
    /// The first that can be reached.
    #[default]
    Any,
    /// One whose sessions can write.
    ReadWrite,
    /// One whose sessions cannot write.
    ReadOnly,
    /// One that is not in recovery.
    Primary,
    /// One that is in recovery.
    Standby,
    /// A standby, or any host if there is none.
    PreferStandby,
}

/// A keyword whose values are words.
pub(super) trait Choice: Copy + 'static {
    /// The keyword.
    const KEYWORD: &'static str;
    /// Its words with their meanings.
    const WORDS: &'static [(&'static str, Self)];

    /// Returns the meaning of a word.
    fn parse(word: &str) -> Result<Self, String> {
        let found = Self::WORDS.iter().find(|(known, _)| *known == word);
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let words: Vec<String> = Self::WORDS.iter().map(|(word, _)| format!("`{word}`")).collect();
            format!("`{}` is not valid: it is one of {}", Self::KEYWORD, words.join(", "))
        })
    }
}

impl Choice for SslMode {
    const KEYWORD: &'static str = "sslmode";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("disable", Self::Disable),
        ("allow", Self::Allow),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];
}

impl Choice for ChannelBinding {
    const KEYWORD: &'static str = "channel_binding";
    const WORDS: &'static [(&'static str, Self)] =
        &[("disable", Self::Disable), ("prefer", Self::Prefer), ("require", Self::Require)];
}

impl Choice for TargetSession {
    const KEYWORD: &'static str = "target_session_attrs";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("any", Self::Any),
        ("read-write", Self::ReadWrite),
        ("read-only", Self::ReadOnly),
        ("primary", Self::Primary),
        ("standby", Self::Standby),
        ("prefer-standby", Self::PreferStandby),
    ];
}
