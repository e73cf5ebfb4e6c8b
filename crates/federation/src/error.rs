use latchkey_outbound::Failure;
use thiserror::Error;

/// What helps after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same sign-in fails again until an operator or the provider mends something.
    Never,
    /// The provider may be back later.
    Later,
    /// This sign-in is over; a new one, from the beginning, may succeed.
    Again,
}

/// Why nobody was signed in. The text is for logs and administrators; it holds no secret, no name,
/// and nothing that the provider wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FederationError {
    /// The provider, or the network to it, is down.
    #[error("{0}: {1}")]
    Unreachable(Part, Trouble),
    /// An address of the provider is not one that may be requested.
    #[error("{0}: the address is not https, or not public; see allow_private")]
    Address(Part),
    /// The metadata are not those of the issuer, or ask for what is not done here.
    #[error("the provider's metadata: {0}")]
    Metadata(&'static str),
    /// The provider does not know the client, or not with this secret.
    #[error("the provider refuses the client: its id, its secret, or how it authenticates")]
    ClientRefused,
    /// The code is not good for a token.
    #[error(
        "the provider refuses the code: used, too old, of another sign-in, or another redirect address"
    )]
    CodeRefused,
    /// The answer is none of this protocol.
    #[error("{0}: {1}")]
    Answer(Part, &'static str),
    /// The browser came back from somebody else (RFC 9207), or the provider did not say who it is
    /// although it says that it does.
    #[error("the answer to the browser is not from this issuer")]
    OtherIssuer,
    /// The ID token is not one for this sign-in.
    #[error("the ID token: {0}")]
    Token(TokenProblem),
}

impl FederationError {
    /// What helps. No arm catches all, so that a new variant has to say it.
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Unreachable(..) => Retry::Later,
            Self::CodeRefused
            | Self::OtherIssuer
            | Self::Token(TokenProblem::Nonce | TokenProblem::AuthTime) => Retry::Again,
            Self::Address(_)
            | Self::Metadata(_)
            | Self::ClientRefused
            | Self::Answer(..)
            | Self::Token(
                TokenProblem::Form
                | TokenProblem::Algorithm
                | TokenProblem::Key
                | TokenProblem::Signature
                | TokenProblem::Issuer
                | TokenProblem::Subject
                | TokenProblem::Audience
                | TokenProblem::Expired
                | TokenProblem::Future,
            ) => Retry::Never,
        }
    }

    pub(crate) const fn failed(part: Part, failure: Failure) -> Self {
        match failure {
            Failure::NotPublic => Self::Address(part),
            Failure::NoConnection => Self::Unreachable(part, Trouble::NoConnection),
            Failure::TimedOut => Self::Unreachable(part, Trouble::TimedOut),
            Failure::Broken => Self::Unreachable(part, Trouble::Broken),
        }
    }
}

impl From<TokenProblem> for FederationError {
    fn from(problem: TokenProblem) -> Self {
        Self::Token(problem)
    }
}

/// Which of the provider's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Part {
    /// `/.well-known/openid-configuration`.
    #[error("the provider's metadata")]
    Metadata,
    /// Where the browser is sent; never requested from here.
    #[error("the provider's authorization endpoint")]
    Authorization,
    /// Where the code is exchanged.
    #[error("the provider's token endpoint")]
    Token,
    /// Where the keys are.
    #[error("the provider's keys")]
    Keys,
    /// Where claims are that the ID token does not have.
    #[error("the provider's userinfo endpoint")]
    UserInfo,
}

/// Why somebody cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Trouble {
    /// No such name, nobody there, or a certificate that is not trusted.
    #[error("no connection, or no certificate that is trusted")]
    NoConnection,
    /// Longer than the time-out.
    #[error("no answer in time")]
    TimedOut,
    /// The connection ended early.
    #[error("the connection broke")]
    Broken,
    /// Status 429 or 5xx.
    #[error("it says that it is out of order or too busy")]
    OutOfOrder,
}

/// What is wrong with an ID token (`OpenID` Connect Core 1.0, 3.1.3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenProblem {
    /// Not a signed token of three parts with the claims that every one has.
    #[error("not a signed JWT with the claims that are required")]
    Form,
    /// `none`, a shared secret, or one that is not used here.
    #[error("not signed with RS256, ES256 or EdDSA")]
    Algorithm,
    /// No key fits, or more than one and the token does not say which.
    #[error("signed with a key that the provider does not publish")]
    Key,
    /// Not from the holder of the key.
    #[error("the signature is wrong")]
    Signature,
    /// `iss`.
    #[error("of another issuer")]
    Issuer,
    /// `sub` is empty or longer than 255 characters, or the userinfo endpoint names another.
    #[error("the subject is empty, too long, or not the same everywhere")]
    Subject,
    /// `aud` or `azp`.
    #[error("for another client")]
    Audience,
    /// `exp`.
    #[error("expired; compare the clocks")]
    Expired,
    /// `iat` or `nbf`.
    #[error("from the future; compare the clocks")]
    Future,
    /// `nonce`.
    #[error("of another sign-in")]
    Nonce,
    /// `auth_time` is missing, or too long ago, although `max_age` was asked.
    #[error("the person signed in at the provider too long ago, or it does not say when")]
    AuthTime,
}
