//! From a provider's webhook to the sockets of agents.

use crate::ingest::{Delivery, settle};
use crate::load::{Timetable, histogram, record};
use crate::report::{Report, tenths};
use crate::subject::{Subject, io};
use crate::{Error, Result, Sockets, webhook};
use futures::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

/// How long after the last answer the last frame may come.
const PATIENCE: Duration = Duration::from_secs(15);
/// Webhooks on their way at the same time.
const CONNECTIONS: u32 = 64;
/// Customers who write.
const CUSTOMERS: u32 = 500;

type Socket = WebSocketStream<TcpStream>;

/// What one socket has seen.
struct Seen {
    took: Histogram<u64>,
    frames: u64,
    messages: u64,
    /// A frame did not name the one before it, or a message came twice.
    broken: bool,
}

pub async fn run(arguments: &Sockets) -> Result<Report> {
    let mut subject = Subject::new(&arguments.place)?;
    let channels = subject.set_up().await?;
    subject.start().await?;
    let cookie = subject.sign_in().await?;
    let workspace = channels.workspace;
    let mut sockets = Vec::new();
    for _ in 0..arguments.sockets {
        sockets.push(connect(&subject, workspace, &cookie).await?);
    }
    let idle = subject.memory()?;
    let timetable = Timetable::new(arguments.rate, arguments.seconds);
    let delivery = Arc::new(Delivery::new(timetable, channels, subject.address, CUSTOMERS, false));
    let (done, told) = watch::channel(None);
    let watching: Vec<_> = sockets
        .into_iter()
        .map(|socket| tokio::spawn(look(socket, Arc::clone(&delivery), told.clone())))
        .collect();
    delivery.deliver(CONNECTIONS).await;
    let acknowledged = delivery.acknowledged();
    done.send_replace(Some(acknowledged));
    let mut all = Seen::new();
    let mut complete = 0_u64;
    for one in watching {
        let one = one.await.map_err(|error| Error::Http(error.to_string()))?;
        complete += u64::from(one.messages == acknowledged && !one.broken);
        all.frames += one.frames;
        all.messages += one.messages;
        all.took += one.took;
    }
    let lasted = Instant::now().saturating_duration_since(delivery.timetable.due(0));
    let memory = subject.memory()?;
    let mut report = Report::new("sockets");
    report.add("database", subject.database_name());
    report.add("webhooks_per_second", arguments.rate);
    report.add("sockets", arguments.sockets);
    report.add("frames_per_second", tenths(all.frames as f64 / lasted.as_secs_f64()));
    report.latency(&all.took);
    report.add("sockets_that_saw_all_once", complete);
    report.add("server_memory_idle_mb", tenths(idle.now_mb));
    report.add("server_memory_peak_mb", tenths(memory.peak_mb));
    settle(&mut subject, &delivery, &mut report).await?;
    report.sound &= complete == u64::from(arguments.sockets);
    Ok(report)
}

async fn connect(subject: &Subject, workspace: i64, cookie: &str) -> Result<Socket> {
    let broken = |error: tokio_tungstenite::tungstenite::Error| Error::Http(error.to_string());
    let address = subject.address;
    let mut request = format!("ws://{address}/realtime?workspace={workspace}")
        .into_client_request()
        .map_err(broken)?;
    let headers = request.headers_mut();
    for (name, value) in [("cookie", cookie.to_owned()), ("origin", format!("http://{address}"))] {
        let value = value
            .parse()
            .map_err(|_| Error::Http("a cookie that cannot be sent back".to_owned()))?;
        headers.insert(name, value);
    }
    let stream = TcpStream::connect(address).await.map_err(io("connect a socket"))?;
    stream.set_nodelay(true).map_err(io("connect a socket"))?;
    let (mut socket, _) = client_async(request, stream).await.map_err(broken)?;
    let resume = r#"{"type":"resume","seq":0}"#;
    socket.send(Message::text(resume)).await.map_err(broken)?;
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.contains(r#""caught_up""#) => return Ok(socket),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(broken(error)),
            None => return Err(Error::Http("a socket was closed".to_owned())),
        }
    }
}

/// Reads until every acknowledged message was seen, or nothing comes any more.
async fn look(mut socket: Socket, delivery: Arc<Delivery>, mut told: watch::Receiver<Option<u64>>) -> Seen {
    let mut seen = Seen::new();
    let mut last = None;
    let mut known = vec![false; usize::try_from(delivery.timetable.total()).unwrap_or(usize::MAX)];
    let mut until: Option<tokio::time::Instant> = None;
    loop {
        let wanted = *told.borrow_and_update();
        if wanted.is_some_and(|wanted| seen.messages >= wanted) {
            return seen;
        }
        if wanted.is_some() && until.is_none() {
            until = Some(tokio::time::Instant::now() + PATIENCE);
        }
        let deadline = until.unwrap_or_else(|| tokio::time::Instant::now() + Duration::from_secs(3600));
        tokio::select! {
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(text))) => seen.take(&text, &delivery, &mut known, &mut last),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => {
                    seen.broken = true;
                    return seen;
                }
            },
            _ = told.changed(), if wanted.is_none() => {}
            () = tokio::time::sleep_until(deadline) => {
                seen.broken = true;
                return seen;
            }
        }
    }
}

impl Seen {
    fn new() -> Self {
        Self {
            took: histogram(),
            frames: 0,
            messages: 0,
            broken: false,
        }
    }

    fn take(&mut self, text: &str, delivery: &Delivery, known: &mut [bool], last: &mut Option<i64>) {
        // `{"type":"event","prev":N,"seq":M,…`: parsing whole frames would cost more than the server spends on them.
        let Some(rest) = text.strip_prefix(r#"{"type":"event","prev":"#) else {
            return;
        };
        self.frames += 1;
        let prev = leading(rest);
        let seq = rest.find(r#""seq":"#).and_then(|at| leading(&rest[at + 6..]));
        self.broken |= prev.is_none() || seq.is_none() || last.is_some_and(|last| Some(last) != prev);
        *last = seq;
        if !text.contains(r#""kind":"message.received""#) {
            return;
        }
        let Some(number) = webhook::number(text) else { return };
        let Some(slot) = usize::try_from(number).ok().and_then(|at| known.get_mut(at)) else {
            return;
        };
        self.broken |= *slot;
        *slot = true;
        self.messages += 1;
        if delivery.timetable.counts(number) {
            record(&mut self.took, delivery.timetable.due(number));
        }
    }
}

/// The number a text begins with.
fn leading(text: &str) -> Option<i64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}
