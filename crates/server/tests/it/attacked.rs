//! Clients that take and give nothing: each limit holds, and whoever behaves is served all the while.

use super::running::{Running, answer, orders};
use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, SocketType, connect, socket};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const FOLLOW: &str = "/api/v1/queries/big/changes";
/// How long it may take until something that is limited to a second is over.
const SOON: Duration = Duration::from_secs(8);

fn limited(limits: &str) -> Running {
    Running::start_with(&format!("  limits: {{ {limits} }}\n"), "", "")
}

fn connected(running: &Running) -> TcpStream {
    let stream = TcpStream::connect(&running.address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

/// The server ends the connection without an answer.
#[track_caller]
fn expect_closed(mut stream: &TcpStream, what: &str) {
    match stream.read(&mut [0; 1024]) {
        Ok(0) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        other => panic!("{what}: {other:?}"),
    }
}

/// How many sockets the server has open.
fn sockets(running: &Running) -> usize {
    let files = fs::read_dir(format!("/proc/{}/fd", running.id())).unwrap().flatten();
    let links = files.filter_map(|file| fs::read_link(file.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn who_sends_nothing_or_no_whole_head_is_cut_off_and_who_calls_again_in_time_is_not() {
    let running = limited("idle: 2s, header: 1s");
    let (idle, mut half, used) = (connected(&running), connected(&running), connected(&running));
    half.write_all(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n").unwrap();
    let request = b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
    let dripping = std::thread::spawn({
        let mut stream = connected(&running);
        move || {
            let began = Instant::now();
            while began.elapsed() < SOON && stream.write_all(b"x").is_ok() {
                std::thread::park_timeout(Duration::from_millis(100));
            }
            began.elapsed()
        }
    });
    for _ in 0..5 {
        (&used).write_all(request).unwrap();
        assert!((&used).read(&mut [0; 1024]).unwrap() > 0);
        std::thread::park_timeout(Duration::from_millis(700));
    }
    expect_closed(&half, "half a head");
    expect_closed(&idle, "nothing at all");
    expect_closed(&used, "nothing more");
    assert!(dripping.join().unwrap() < Duration::from_secs(5), "a head that drips in goes on");
}

#[test]
fn idle_connections_make_room_for_new_ones_and_streams_do_not() {
    let running = limited("connections: 6");
    let idle: Vec<TcpStream> = (0..40).map(|_| connected(&running)).collect();
    assert_eq!(running.get("/health").status, 200);
    expect_closed(&idle[0], "the first");
    let streams: Vec<TcpStream> = (0..6).map(|_| running.open("GET", FOLLOW, "", "")).collect();
    for stream in &streams {
        assert!((&*stream).read(&mut [0; 64]).unwrap() > 0);
    }
    let refused = running.get("/health");
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("LW0704")));
    assert!(refused.header("retry-after").is_some());
    drop(streams);
    wait_until("the room of clients that have gone is released", || running.get("/health").status == 200);
}

#[test]
fn connections_leave_files_for_reactions_and_the_store() {
    let config = "store: { kind: embedded, path: data }\nserver: { listen: 127.0.0.1:0 }\n\
        sources:\n  - { id: orders, kind: http }\n\
        queries:\n  - { id: big, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id, o.total AS total' }\n\
        reactions:\n  - { id: a, kind: file, queries: [big], path: a.jsonl }\n  - { id: t, kind: file, queries: [big], path: t.jsonl, mode: table }\n";
    let running = Running::with_open_files(config, 64);
    let idle: Vec<TcpStream> = (0..120).map(|_| connected(&running)).collect();
    let file = running.folder.path().join("a.jsonl");
    for round in 1..=5 {
        assert_eq!(running.post(&orders(&[100 + round])).status, 200);
        let lines = || fs::read_to_string(&file).unwrap_or_default().lines().count();
        wait_until("the reaction writes", || lines() == usize::try_from(round).unwrap());
    }
    for reaction in running.get("/api/v1/reactions").json().as_array().unwrap() {
        assert_eq!(
            (reaction["failures"].as_u64(), reaction["error"].as_str()),
            (Some(0), None),
            "{reaction}"
        );
    }
    drop(idle);
}

#[test]
fn a_follower_that_never_reads_is_closed() {
    let running = limited("idle: 1s, stream_bytes: 65536");
    let totals: Vec<i64> = (0..40_000).map(|at| 101 + at).collect();
    let position = running.post(&orders(&totals)).json()["position"].clone();
    let ready = format!("/api/v1/queries/big/results?limit=1&wait=30s&position={position}");
    assert_eq!(running.get(&ready).status, 200);
    let before = sockets(&running);
    let lazy: Vec<TcpStream> = (0..5)
        .map(|at| {
            let own = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
            set_socket_recv_buffer_size(&own, 4096).unwrap();
            connect(&own, &running.address.parse::<SocketAddr>().unwrap()).unwrap();
            let mut stream = TcpStream::from(own);
            let path = if at == 0 { "/api/v1/queries/big/results" } else { FOLLOW };
            write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", running.address).unwrap();
            // That it is taken is seen without taking anything of it, and before its second is over.
            let mut head = [0; 12];
            stream.set_read_timeout(Some(SOON)).unwrap();
            stream.peek(&mut head).unwrap();
            assert!(b"HTTP/1.1 200".starts_with(head.trim_ascii_end()) && head[0] == b'H', "{head:?}");
            stream
        })
        .collect();
    assert_eq!(lazy.len(), 5);
    wait_until("they are closed", || sockets(&running) <= before);
    assert_eq!(running.get("/health").status, 200);
}

#[test]
fn a_call_has_so_much_time_and_a_stream_has_no_end() {
    let running = limited("request: 1s, idle: 20s");
    let mut follower = running.open("GET", FOLLOW, "", "");
    let began = Instant::now();
    let late = running.get("/api/v1/queries/big/results?position=99&wait=30s");
    assert_eq!((late.status, late.json()["code"].as_str()), (504, Some("LW0720")));
    let mut stalled = connected(&running);
    let head = "POST /api/v1/sources/orders/changes HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n";
    write!(stalled, "{head}content-length: 1000\r\n\r\n{{").unwrap();
    assert_eq!(answer(stalled).status, 504);
    assert!(began.elapsed() < SOON);
    assert_eq!(running.post(&orders(&[250])).status, 200);
    let mut seen = String::new();
    while !seen.contains("event: result") {
        let mut piece = [0; 4096];
        let length = follower.read(&mut piece).unwrap();
        assert!(length > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&piece[..length]));
    }
}

#[test]
fn an_address_has_so_many_streams_and_calls_a_second() {
    let running = limited("streams_per_client: 2");
    let streams = [FOLLOW, FOLLOW].map(|path| running.open("GET", path, "", ""));
    for stream in &streams {
        assert!((&*stream).read(&mut [0; 64]).unwrap() > 0);
    }
    let refused = running.get(FOLLOW);
    assert_eq!((refused.status, refused.json()["code"].as_str()), (429, Some("LW0704")));
    assert_eq!(running.get("/api/v1/queries").status, 200);
    drop(streams);
    wait_until("a closed stream counts no more", || running.get("/api/v1/queries/big/results").status == 200);

    let running = limited("requests_per_second: 5");
    let statuses: Vec<u16> = (0..30).map(|_| running.get("/api/v1/queries").status).collect();
    assert!(statuses[..5].iter().all(|status| *status == 200), "{statuses:?}");
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert!(refused >= 10 && statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");
    assert!(running.get("/api/v1/queries").header("retry-after").is_some() || refused < 25);
    assert_eq!(running.get("/health").status, 200);
    wait_until("it may go on", || running.get("/api/v1/queries").status == 200);
}

#[test]
fn a_body_is_no_larger_than_the_server_allows_and_limits_of_nothing_are_refused() {
    let running = limited("body_bytes: 1000");
    let refused = running.post(&orders(&[1; 100]));
    assert_eq!(refused.status, 413);
    assert!(
        refused.json()["detail"].as_str().unwrap().contains("server.limits.body_bytes"),
        "{}",
        refused.body
    );
    for wrong in
        ["connections: 0", "idle: 0s", "header: 0ms", "stream_bytes: 0", "conections: 5", "request: 5"]
    {
        let place = super::place::Place::new(&format!("server: {{ limits: {{ {wrong} }} }}\n"), &[]);
        place.livewell(&["check", "livewell.yaml"]).expect(2, &["LW060"]);
    }
}

#[test]
fn what_follows_a_body_in_chunks_is_no_request() {
    let running = Running::start();
    let mut stream = connected(&running);
    let body = orders(&[7]);
    // A proxy may have another opinion of where such a body ends.
    write!(
        stream,
        "POST /api/v1/sources/orders/changes HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n\
         {:x}\r\n{body}\r\n0\r\n\r\nGET /api/v1/queries HTTP/1.1\r\nhost: localhost\r\n\r\n",
        body.len()
    )
    .unwrap();
    let mut answered = String::new();
    stream.read_to_string(&mut answered).unwrap();
    assert!(answered.starts_with("HTTP/1.1 200 "), "{answered}");
    assert_eq!(answered.matches("HTTP/1.1 ").count(), 1, "the rest is not answered: {answered}");
    assert!(answered.to_ascii_lowercase().contains("connection: close"), "{answered}");
}
