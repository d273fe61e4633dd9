//! What is listened on, what is called, and by which names.

use super::{Finding, fail, ok, warn};
use crate::config::{Config, mask_url};
use crate::installation;
use ism_bus::Bus;
use url::{Host, Url};

/// Whether the server can listen, or does.
pub(super) async fn listen(config: &Config) -> Finding {
    const NAME: &str = "listening address";
    let address = config.listen;
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => ok(NAME, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && installation::is_served(config) => {
            ok(NAME, format!("{address} is taken, and a server runs on this data"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => warn(
            NAME,
            format!("{address} is taken. If it is not by this server, choose another with --listen."),
        ),
        Err(error) => fail(
            NAME,
            format!("{address} cannot be listened on: {error}. Choose another with --listen."),
        ),
    }
}

/// Whether providers can reach us under the name we give them.
pub(super) fn public_url(config: &Config) -> Finding {
    const NAME: &str = "public address";
    let Some(text) = &config.public_url else {
        return warn(
            NAME,
            "not set: links and webhooks then name this machine only. Set public_url to https://… .",
        );
    };
    let Ok(url) = Url::parse(text) else {
        return fail(NAME, format!("{text} is not an address."));
    };
    let private = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost") || !name.contains('.'),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unspecified(),
        None => true,
    };
    if private {
        warn(
            NAME,
            format!("{text} cannot be reached by providers: messages of customers will not arrive. Use a public name."),
        )
    } else if url.scheme() == "http" {
        warn(
            NAME,
            format!(
                "{text} is not https, which Telegram and WhatsApp insist on, and passwords need. Put a reverse proxy with a certificate before the server."
            ),
        )
    } else {
        ok(NAME, text.clone())
    }
}

/// Whether other nodes can be heard.
pub(super) async fn nats(config: &Config) -> Finding {
    const NAME: &str = "NATS";
    let Some(url) = &config.nats else {
        return ok(NAME, "not used; a single node needs none");
    };
    let shown = mask_url(url);
    match Bus::nats(url, &config.nats_prefix).await {
        Ok(bus) if bus.healthy() => ok(NAME, format!("{shown}, reachable")),
        Ok(_) => fail(
            NAME,
            format!("{shown} cannot be reached: nodes hear each other late. Is it running, and is the address right?"),
        ),
        Err(error) => fail(NAME, format!("{error}.")),
    }
}

/// Whether providers' certificates can be checked.
pub(super) fn certificates() -> Finding {
    const NAME: &str = "certificates";
    match installation::client(None) {
        Ok(_) => ok(NAME, "providers can be checked by the system's certificates"),
        Err(failure) => fail(NAME, failure.message),
    }
}
