//! Name resolution that answers with public addresses only.

use crate::address;
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// Turns a name into addresses.
pub(crate) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// All addresses of a name lie in networks that are not public; carries what kind of network.
#[derive(Debug, thiserror::Error)]
#[error("the name leads into a network that is not public ({0})")]
pub(crate) struct PrivateAddress(pub(crate) &'static str);

/// Drops every address that is not public, at the moment of connecting.
pub(crate) struct PublicOnly(pub(crate) Lookup);

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = (self.0)(name.as_str().to_owned());
        Box::pin(async move {
            let addresses = public_only(addresses.await?)?;
            // Port 0 stands for the port of the URL.
            Ok(Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

fn public_only(addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
    let mut refused = None;
    let mut public = Vec::with_capacity(addresses.len());
    for ip in addresses {
        match address::reserved(ip) {
            Some(network) => refused = Some(network),
            None => public.push(ip),
        }
    }
    match refused {
        _ if !public.is_empty() => Ok(public),
        Some(network) => Err(Box::new(PrivateAddress(network))),
        None => Err(Box::new(io::Error::new(
            io::ErrorKind::NotFound,
            "the name has no address",
        ))),
    }
}

/// The resolver of the system.
pub(crate) fn system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            Ok(tokio::net::lookup_host((name, 0))
                .await?
                .map(|address| address.ip())
                .collect())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(addresses: &[&str]) -> Result<Vec<String>, String> {
        public_only(addresses.iter().map(|ip| ip.parse().unwrap()).collect())
            .map(|kept| kept.iter().map(ToString::to_string).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn private_answers_are_dropped_and_public_ones_kept() {
        assert_eq!(
            judge(&["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111"]).unwrap(),
            ["8.8.8.8", "2606:4700::1111"]
        );
    }

    #[test]
    fn a_name_with_only_private_answers_is_refused_as_such() {
        assert!(
            judge(&["192.168.1.1", "::ffff:10.0.0.1"])
                .unwrap_err()
                .contains("private network")
        );
    }

    #[tokio::test]
    async fn every_resolution_is_judged_so_that_a_name_cannot_change_its_mind() {
        let answers = std::sync::Mutex::new(vec!["169.254.169.254", "127.0.0.1", "8.8.8.8"]);
        let rebinding = PublicOnly(Arc::new(move |_| {
            let next: IpAddr = answers.lock().unwrap().pop().unwrap().parse().unwrap();
            Box::pin(async move { Ok(vec![next]) })
        }));
        let ask = || rebinding.resolve("rebind.example".parse().unwrap());
        let first: Vec<_> = ask().await.ok().unwrap().collect();
        assert_eq!(first, ["8.8.8.8:0".parse().unwrap()]);
        assert!(ask().await.is_err());
        assert!(ask().await.is_err());
    }

    #[test]
    fn a_name_without_answers_does_not_exist() {
        assert!(judge(&[]).unwrap_err().contains("no address"));
    }
}
