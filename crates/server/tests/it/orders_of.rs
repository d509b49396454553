//! The example `examples/orders-of`: what a customer sees in a browser, and thousands of them by the example's own load.

use crate::place::Place;
use livewell_services::{Browser, free_port, pause};
use serde_json::json;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The cells of the orders that are shown, but for their ids, and what was spent.
const ORDERS: &str = "return [...document.querySelectorAll('#orders tr')]
    .map(row => [...row.cells].slice(1, 4).map(cell => cell.textContent))";
const SPENT: &str = "return document.getElementById('spent').textContent";

/// A process that is killed when it is dropped.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The example's program.
fn shop() -> PathBuf {
    let built =
        Command::new(env!("CARGO")).args(["build", "--locked", "--quiet", "-p", "order-shop"]).status();
    assert!(built.expect("cargo can be run").success());
    Path::new(env!("CARGO_BIN_EXE_livewell")).with_file_name("order-shop")
}

fn example(port: u16) -> Place {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/orders-of/livewell.yaml");
    let text = fs::read_to_string(file).expect("the example is there");
    assert!(text.contains("127.0.0.1:7171"));
    Place::new(&text.replace("127.0.0.1:7171", &format!("127.0.0.1:{port}")), &[])
}

fn start(place: &Place, port: u16) -> Started {
    let mut command = place.command(&["run", "livewell.yaml", "--log-level", "error"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts");
    wait_for(port);
    Started(child)
}

fn wait_for(port: u16) {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "nobody serves port {port}");
        pause(Duration::from_millis(20));
    }
}

#[test]
fn a_customer_sees_the_own_orders_and_the_page_goes_on_after_a_kill() {
    let (livewell, page) = (free_port(), free_port());
    let place = example(livewell);
    let running = start(&place, livewell);
    let addresses = [format!("127.0.0.1:{page}"), format!("127.0.0.1:{livewell}")];
    let server = Command::new(shop()).arg("page").args(&addresses).stdout(Stdio::null()).spawn();
    let _server = Started(server.expect("the shop opens"));
    wait_for(page);

    let send = |id: &str, customer: &str, cents: u64, status: &str| {
        let properties = json!({ "id": id, "customer": customer, "what": "a <b>box</b>", "cents": cents,
            "status": status, "placed": cents });
        let element = json!({ "type": "node", "id": id, "labels": ["Order"], "properties": properties });
        let body = json!({ "operation": "insert", "element": element }).to_string();
        let answer = crate::running::post_to(&format!("127.0.0.1:{page}"), "/orders", &body);
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    let browser = Browser::start();
    browser.open(&format!("http://127.0.0.1:{page}/#c%2042"));
    browser.wait_for(SPENT, &json!("0 orders so far, for 0 cents"));
    send("o1", "c 42", 250, "open");
    send("o2", "c43", 700, "open");
    browser.wait_for(ORDERS, &json!([["a <b>box</b>", "250", "open"]]));
    browser.wait_for(SPENT, &json!("1 orders so far, for 250 cents"));

    drop(running);
    browser.wait_for("return document.getElementById('state').textContent", &json!("waiting for the shop"));
    let _running = start(&place, livewell);
    send("o3", "c 42", 300, "open");
    browser.wait_for(ORDERS, &json!([["a <b>box</b>", "300", "open"], ["a <b>box</b>", "250", "open"]]));

    let click = "document.querySelector('#orders button').click()";
    browser.run(click).expect("an order can be shipped");
    browser.wait_for(ORDERS, &json!([["a <b>box</b>", "300", "shipped"], ["a <b>box</b>", "250", "open"]]));
    browser.run(click).expect("an order can be delivered");
    browser.wait_for(ORDERS, &json!([["a <b>box</b>", "250", "open"]]));
    browser.wait_for(SPENT, &json!("2 orders so far, for 550 cents"));
}

#[test]
fn every_order_is_seen_once_by_whom_it_concerns_through_a_kill() {
    let port = free_port();
    let place = example(port);
    let running = start(&place, port);
    let mut load = Command::new(shop());
    load.args(["load", &format!("127.0.0.1:{port}"), "300", "100", "6"]);
    let load = load.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the customers come");
    pause(Duration::from_secs(3));
    drop(running);
    pause(Duration::from_millis(300));
    let _running = start(&place, port);
    let output = load.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stdout).expect("it prints text");
    let last = said.lines().last().expect("it reports");
    let numbers: Vec<u64> =
        last.split(|c: char| !c.is_ascii_digit()).filter_map(|text| text.parse().ok()).collect();
    let [following, ordered, seen, ..] = numbers[..] else { panic!("{said}") };
    assert!(following == 300 && ordered > 200 && seen == ordered, "{said}");
}
