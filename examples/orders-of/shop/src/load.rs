//! Customers by the thousand: each follows its own orders, while orders come in for all of them.

use crate::result::Result;
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{interval, sleep};

/// How long a customer waits before it comes back.
const RETRY: Duration = Duration::from_millis(500);
/// How many customers come at once.
const AT_ONCE: usize = 200;

/// What is to be done.
pub(crate) struct Load {
    pub(crate) livewell: String,
    pub(crate) customers: u64,
    pub(crate) rate: u32,
    pub(crate) time: Duration,
}

/// What all customers together have seen.
#[derive(Default)]
struct Seen {
    following: AtomicU64,
    orders: AtomicU64,
    /// Milliseconds from an order to its customer's screen, since the last report.
    delays: Mutex<Vec<u64>>,
}

impl Load {
    /// Follows, orders and reports until the time is over.
    pub(crate) async fn run(self) -> Result<()> {
        let seen = Arc::new(Seen::default());
        for customer in 0..self.customers {
            let (livewell, own) = (self.livewell.clone(), seen.clone());
            tokio::spawn(async move { follow(&livewell, customer, &own).await });
            while customer + 1 >= seen.following.load(Ordering::Relaxed) + AT_ONCE as u64 {
                sleep(Duration::from_millis(1)).await;
            }
        }
        while seen.following.load(Ordering::Relaxed) < self.customers {
            sleep(Duration::from_millis(20)).await;
        }
        println!("{} customers follow their orders", self.customers);
        // Each run has orders of its own.
        let (run, mut ordered, began) = (now(), 0, Instant::now());
        let mut turn = interval(Duration::from_secs(1) / self.rate.max(1));
        let mut told = Instant::now();
        while began.elapsed() < self.time {
            turn.tick().await;
            place(&self.livewell, (run, ordered), ordered.wrapping_mul(7_919) % self.customers.max(1)).await;
            ordered += 1;
            if told.elapsed() >= Duration::from_secs(5) {
                told = Instant::now();
                seen.tell(ordered);
            }
        }
        sleep(Duration::from_secs(2)).await;
        seen.tell(ordered);
        Ok(())
    }
}

impl Seen {
    fn tell(&self, ordered: u64) {
        let mut delays = std::mem::take(&mut *self.delays.lock().unwrap_or_else(PoisonError::into_inner));
        delays.sort_unstable();
        let at = |share: usize| delays.get((delays.len() * share / 100).min(delays.len().saturating_sub(1)));
        let shown = |share| at(share).map_or("-".into(), ToString::to_string);
        println!(
            "{} follow, {ordered} orders, {} of them seen, after {} ms (half of them), {} ms (99 of 100)",
            self.following.load(Ordering::Relaxed),
            self.orders.load(Ordering::Relaxed),
            shown(50),
            shown(99)
        );
    }
}

/// Sends an order until it is taken in: an order that is there already stays as it is.
async fn place(livewell: &str, (run, number): (u64, u64), customer: u64) {
    let id = format!("{run}-{number}");
    let properties = json!({
        "id": id, "customer": format!("c{customer}"), "what": "a box", "cents": 100 + number % 900,
        "status": "open", "placed": now(),
    });
    let element = json!({ "type": "node", "id": id, "labels": ["Order"], "properties": properties });
    let body = json!({ "operation": "insert", "element": element }).to_string();
    while !matches!(post(livewell, &body).await, Ok(true)) {
        sleep(RETRY).await;
    }
}

async fn post(livewell: &str, body: &str) -> Result<bool> {
    let mut connection = TcpStream::connect(livewell).await?;
    let (head, length) = ("POST /api/v1/sources/shop/changes HTTP/1.1\r\nconnection: close\r\n", body.len());
    let request = format!("{head}host: {livewell}\r\ncontent-length: {length}\r\n\r\n{body}");
    connection.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

/// Follows a customer's orders, and comes back where it was whenever the stream ends.
async fn follow(livewell: &str, customer: u64, seen: &Seen) {
    let mut last = None;
    loop {
        if let Err(error) = listen(livewell, customer, seen, &mut last).await {
            eprintln!("customer c{customer}: {error}");
        }
        sleep(RETRY).await;
    }
}

/// Counts as a follower until it is dropped.
struct Following<'a>(&'a Seen);

impl<'a> Following<'a> {
    fn begin(seen: &'a Seen) -> Self {
        seen.following.fetch_add(1, Ordering::Relaxed);
        Self(seen)
    }
}

impl Drop for Following<'_> {
    fn drop(&mut self) {
        self.0.following.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn listen(livewell: &str, customer: u64, seen: &Seen, last: &mut Option<String>) -> Result<()> {
    let mut connection = TcpStream::connect(livewell).await?;
    let resume = last.iter().map(|id| format!("last-event-id: {id}\r\n")).collect::<String>();
    let target = format!("/api/v1/queries/orders-of/changes?customer=c{customer}");
    let request = format!("GET {target} HTTP/1.1\r\nhost: {livewell}\r\n{resume}\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut lines = BufReader::with_capacity(1 << 10, connection).lines();
    let status = lines.next_line().await?.unwrap_or_default();
    if !status.starts_with("HTTP/1.1 200") {
        return Err(format!("the answer is `{status}`").into());
    }
    // Who comes back follows at once, others from the end of their rows on.
    let mut following = last.is_some().then(|| Following::begin(seen));
    let mut event = String::new();
    while let Some(line) = lines.next_line().await? {
        // The lengths of chunks stand between the lines and are none of these.
        match line.split_once(": ") {
            Some(("event", name)) => name.clone_into(&mut event),
            Some(("id", id)) => {
                *last = Some(id.to_owned());
                following.get_or_insert_with(|| Following::begin(seen));
            }
            Some(("data", data)) if event == "result" => seen.take(&serde_json::from_str(data)?),
            _ => {}
        }
    }
    Ok(())
}

impl Seen {
    fn take(&self, result: &Json) {
        let now = now();
        for diff in result["results"].as_array().into_iter().flatten().filter(|diff| diff["type"] == "ADD") {
            self.orders.fetch_add(1, Ordering::Relaxed);
            let delay = diff["data"]["placed"].as_u64().map(|placed| now.saturating_sub(placed));
            self.delays.lock().unwrap_or_else(PoisonError::into_inner).extend(delay);
        }
    }
}

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "when an order was placed is a matter of the shop's")]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}
