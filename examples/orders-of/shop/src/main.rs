//! The shop's own server, with the page that each customer opens; and customers by the thousand, for seeing what they
//! cost.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "showing what happens is what it is for")]

mod load;
mod page;
mod result;

use result::Result;
use std::time::Duration;

const USAGE: &str = "usage: order-shop page ADDRESS LIVEWELL
       order-shop load LIVEWELL CUSTOMERS ORDERS-PER-SECOND SECONDS

LIVEWELL is the address of its server, as in 127.0.0.1:7171.";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["page", address, livewell] => page::serve(address, livewell).await,
        ["load", livewell, customers, rate, seconds] => {
            let load = load::Load {
                livewell: (*livewell).to_owned(),
                customers: customers.parse()?,
                rate: rate.parse()?,
                time: Duration::from_secs(seconds.parse()?),
            };
            load.run().await
        }
        _ => {
            eprintln!("{USAGE}");
            std::process::exit(2);
        }
    }
}
