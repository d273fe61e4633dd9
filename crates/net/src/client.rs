//! The client: one call, one answer.

use crate::{
    Answer, Body, CallError, Method, Request, SetupError,
    error::describe,
    request::{read_headers, wire_headers},
    resolver::{self, Lookup, PublicOnly},
    target::{self, AllowedOrigin},
};
use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use url::Url;

/// How the client behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Origins that may be called though they are not public.
    pub allow: Vec<AllowedOrigin>,
    pub user_agent: String,
    /// From resolving the name to the end of the TLS handshake.
    pub connect_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            user_agent: concat!("IS-Messenger/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
        }
    }
}

/// Makes HTTP requests that cannot reach private networks. Cheap to clone; clones share connections and the allow-list.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    /// Resolves names to public addresses only.
    guarded: reqwest::Client,
    /// Resolves as the system does; used for allowed origins only.
    trusted: reqwest::Client,
    allowed: RwLock<HashSet<AllowedOrigin>>,
}

impl Client {
    /// Sets the client up.
    ///
    /// # Errors
    /// When the system has no certificates to check servers by.
    pub fn new(options: Options) -> Result<Self, SetupError> {
        Self::with_lookup(options, resolver::system())
    }

    pub(crate) fn with_lookup(options: Options, lookup: Lookup) -> Result<Self, SetupError> {
        // Proxies from the environment are off: a proxy would resolve names itself, past the guard.
        let builder = || {
            reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .user_agent(&options.user_agent)
                .connect_timeout(options.connect_timeout)
                .pool_idle_timeout(Duration::from_secs(30))
        };
        let setup = |error: reqwest::Error| SetupError(describe(&error));
        Ok(Self(Arc::new(Inner {
            guarded: builder()
                .dns_resolver(Arc::new(PublicOnly(lookup)))
                .build()
                .map_err(setup)?,
            trusted: builder().build().map_err(setup)?,
            allowed: RwLock::new(options.allow.into_iter().collect()),
        })))
    }

    /// From now on `origin` may be called, whatever network it is in. Only for origins the operator names, never for
    /// those a user types in.
    pub fn allow(&self, origin: AllowedOrigin) {
        self.0
            .allowed
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(origin);
    }

    /// Makes a request and reads the whole answer. Redirects are answers like any other.
    ///
    /// # Errors
    /// See [`CallError`]: the variants tell whether the other side may have seen the request.
    pub async fn call(&self, request: Request) -> Result<Answer, CallError> {
        let url = target::parse(&request.url)?;
        let headers = wire_headers(&request.headers)?;
        let response = self
            .send(request.method, url, headers, request.body, request.timeout)
            .await?;
        let status = response.status().as_u16();
        let headers = read_headers(response.headers());
        let body = read_body(response, request.max_response).await?;
        Ok(Answer { status, headers, body })
    }

    /// Sends to one URL, on the connections that its origin deserves.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Body,
        timeout: Duration,
    ) -> Result<reqwest::Response, CallError> {
        let client = if self.is_allowed(&url) {
            &self.0.trusted
        } else {
            target::check_public(&url)?;
            &self.0.guarded
        };
        let request = client.request(method.wire(), url).timeout(timeout).headers(headers);
        body.attach(request).await?.send().await.map_err(CallError::of)
    }

    fn is_allowed(&self, url: &Url) -> bool {
        AllowedOrigin::of(url).is_some_and(|origin| {
            self.0
                .allowed
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(&origin)
        })
    }
}

/// Reads a body of at most `limit` bytes, counted after decompression.
async fn read_body(mut response: reqwest::Response, limit: usize) -> Result<Bytes, CallError> {
    if response.content_length().is_some_and(|len| len > limit as u64) {
        return Err(CallError::TooLarge);
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(CallError::of)? {
        if body.len() + chunk.len() > limit {
            return Err(CallError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io, net::IpAddr, sync::Mutex};
    use tokio::net::TcpListener;

    /// A client whose names resolve as listed; what is not listed does not exist. Remembers what was asked.
    fn client(names: &'static [(&'static str, &'static [&'static str])]) -> (Client, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        let lookup: Lookup = Arc::new(move |name| {
            let answer = names.iter().find(|(listed, _)| *listed == name);
            let answer = answer
                .map(|(_, ips)| ips.iter().map(|ip| ip.parse::<IpAddr>().unwrap()).collect())
                .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name"));
            seen.lock().unwrap().push(name);
            Box::pin(async move { answer })
        });
        (Client::with_lookup(Options::default(), lookup).unwrap(), asked)
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_when_it_resolves() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (client, asked) = client(&[("inside.example", &["127.0.0.1", "10.0.0.8"])]);

        let call = client.call(Request::get(format!("http://inside.example:{port}/?token=s3cret")));
        let error = tokio::select! {
            result = call => result.unwrap_err(),
            _ = listener.accept() => panic!("the guard let a connection through"),
        };

        assert!(
            matches!(&error, CallError::Blocked(why) if why.contains("not public")),
            "{error:?}"
        );
        assert!(!error.to_string().contains("s3cret"));
        assert_eq!(*asked.lock().unwrap(), ["inside.example"]);
    }

    #[tokio::test]
    async fn a_literal_address_is_refused_without_resolving_anything() {
        let (client, asked) = client(&[]);
        let error = client.call(Request::get("http://0x7f.1/")).await.unwrap_err();
        assert!(matches!(error, CallError::Blocked(_)), "{error:?}");
        assert!(asked.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_certainly_not_sent() {
        let (client, _) = client(&[]);
        let error = client
            .call(Request::get("http://gone.example/bot123:s3cret/getMe"))
            .await
            .unwrap_err();
        assert_eq!(error, CallError::NotSent("no such name".to_owned()));
    }
}
