//! Where a request goes: the judgement of the URL itself, and the origins that are exempt from it.

use crate::{CallError, address};
use std::{fmt, str::FromStr};
use url::{Host, Url};

/// An origin (scheme, host and port) the operator trusts, whatever network it is in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AllowedOrigin {
    scheme: String,
    host: Host<String>,
    port: u16,
}

/// The text is not an `http://` or `https://` address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("give the address as http://HOST or https://HOST, with a port if it is not the usual one")]
pub struct InvalidOrigin;

impl AllowedOrigin {
    /// The origin of `url`; a path behind it does not matter.
    ///
    /// # Errors
    /// When it is not an absolute HTTP address.
    pub fn parse(url: &str) -> Result<Self, InvalidOrigin> {
        Url::parse(url).ok().and_then(|url| Self::of(&url)).ok_or(InvalidOrigin)
    }

    pub(crate) fn of(url: &Url) -> Option<Self> {
        if !is_http(url) {
            return None;
        }
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }
}

impl FromStr for AllowedOrigin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for AllowedOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// Reads a URL. The result is what is sent: the guard and the connection never see different spellings.
pub(crate) fn parse(url: &str) -> Result<Url, CallError> {
    let url = Url::parse(url).map_err(|_| CallError::blocked("it is not a valid address"))?;
    if !is_http(&url) {
        return Err(CallError::blocked("only http:// and https:// addresses can be called"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CallError::blocked(
            "a user name or password may not stand in the address",
        ));
    }
    Ok(url)
}

/// Refuses hosts that are visibly inside. Names are judged once more by what they resolve to.
pub(crate) fn check_public(url: &Url) -> Result<(), CallError> {
    let reserved = match url.host() {
        Some(Host::Ipv4(ip)) => address::reserved(ip.into()),
        Some(Host::Ipv6(ip)) => address::reserved(ip.into()),
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            (name == "localhost" || name.ends_with(".localhost")).then_some("loopback")
        }
        None => return Err(CallError::blocked("the address names no host")),
    };
    if let Some(network) = reserved {
        return Err(CallError::blocked_network(network));
    }
    if url.port().is_some_and(|port| FOREIGN_PORTS.contains(&port)) {
        return Err(CallError::blocked(
            "its port belongs to a service that does not speak HTTP",
        ));
    }
    Ok(())
}

/// Ports that browsers do not call either, since a request could be taken for commands of another protocol:
/// <https://fetch.spec.whatwg.org/#port-blocking>.
const FOREIGN_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
    532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060,
    5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(url: &str) -> Result<(), CallError> {
        parse(url).and_then(|url| check_public(&url))
    }

    #[test]
    fn private_addresses_are_refused_in_every_spelling() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://127.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7F.0.0.0x1/",
            "http://0177.0.0.01/",
            "http://017700000001/",
            "http://127.0.0.1./",
            "http://0/",
            "http://0.0.0.0:8080/",
            "HTTP://127.0.0.1",
            "http:127.0.0.1",
            "http:\\\\127.0.0.1\\",
            "http:/127.0.0.1/",
            "http:////127.0.0.1/",
            " http://127.0.0.1/ ",
            "ht\ntp://127.0.\t0.1/",
            "http://%31%32%37.0.0.1/",
            "http://127%2e0%2e0%2e1/",
            "http://127。0。0。1/",
            "http://１２７.0.0.1/",
            "http://①②⑦.⓪.⓪.①/",
            "http://169.254.169.254/latest/meta-data/",
            "http://0xa9fea9fe/",
            "http://10.1/",
            "http://[::1]/",
            "http://[::]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::a00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://localhost/",
            "http://LOCALHOST:80/",
            "http://localhost./",
            "http://ｌocalhost/",
            "http://ⓛocalhost/",
            "http://loc%61lhost/",
            "http://app.localhost/",
            "https://127.0.0.1:443/",
        ] {
            let verdict = verdict(url);
            assert!(matches!(verdict, Err(CallError::Blocked(_))), "{url}: {verdict:?}");
        }
    }

    #[test]
    fn what_is_not_plain_http_is_refused() {
        for url in [
            "",
            "example.com",
            "//example.com/",
            "/path",
            "http://",
            "http://[::1",
            "http://[fe80::1%25eth0]/",
            "http://example.com:99999/",
            "http://exa mple.com/",
            "http://1.2.3.4.5/",
            "http://256.1.1.1/",
            "file:///etc/passwd",
            "ftp://example.com/",
            "gopher://127.0.0.1:6379/_INFO",
            "unix:/run/docker.sock",
            "data:text/plain,hello",
            "javascript:alert(1)",
            "ws://example.com/",
        ] {
            let verdict = verdict(url);
            assert!(matches!(verdict, Err(CallError::Blocked(_))), "{url}: {verdict:?}");
        }
    }

    #[test]
    fn user_info_is_refused_even_before_a_public_host() {
        for url in [
            "http://user@example.com/",
            "http://user:secret@example.com/",
            "http://:secret@example.com/",
            "http://example.com@127.0.0.1/",
            "http://example.com:80@10.0.0.1/",
            "http://example.com%40@127.0.0.1/",
        ] {
            let error = verdict(url).unwrap_err();
            assert!(error.to_string().contains("user name"), "{url}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_host_in_front_of_an_at_sign_or_fragment_does_not_confuse() {
        // The host here is 127.0.0.1 however it is dressed up…
        for url in [
            "http://127.0.0.1#@example.com/",
            "http://127.0.0.1?@example.com/",
            "http://127.0.0.1\\@example.com/",
        ] {
            assert!(matches!(verdict(url), Err(CallError::Blocked(_))), "{url}");
        }
        // …and here it is example.com.
        for url in [
            "http://example.com#@127.0.0.1/",
            "http://example.com/@127.0.0.1",
            "http://127.0.0.1.example.com/",
        ] {
            assert_eq!(verdict(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn ports_of_other_protocols_are_refused() {
        for port in [0, 22, 25, 110, 143, 465, 587, 993, 6667] {
            let url = format!("http://example.com:{port}/");
            assert!(matches!(verdict(&url), Err(CallError::Blocked(_))), "{url}");
        }
    }

    #[test]
    fn public_hosts_pass_on_other_ports() {
        for url in [
            "https://api.telegram.org/bot1:x/getMe",
            "http://example.com:8080/a?b=c#d",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]:8443/",
            "https://bücher.example/",
            "https://notlocalhost/",
        ] {
            assert_eq!(verdict(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin = AllowedOrigin::parse("http://127.0.0.1:8090/telegram").unwrap();
        assert_eq!(origin.to_string(), "http://127.0.0.1:8090");
        let same = |url: &str| AllowedOrigin::of(&Url::parse(url).unwrap()) == Some(origin.clone());
        assert!(same("http://127.0.0.1:8090/other?x"));
        assert!(same("http://0x7f.1:8090/"));
        assert!(!same("https://127.0.0.1:8090/"));
        assert!(!same("http://127.0.0.1:8091/"));
        assert!(!same("http://127.0.0.2:8090/"));
        assert!(!same("http://localhost:8090/"));
        assert_eq!(
            AllowedOrigin::parse("https://a.example"),
            AllowedOrigin::parse("https://A.example:443/x")
        );
        assert_eq!(AllowedOrigin::parse("a.example:80"), Err(InvalidOrigin));
        assert_eq!(AllowedOrigin::parse("ftp://a.example"), Err(InvalidOrigin));
    }
}
