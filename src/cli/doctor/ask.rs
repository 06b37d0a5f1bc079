//! Asking a server what the checks need to know.

use std::io::Read as _;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::catalog::{ImportOptions, read_catalog};
use crate::compile::Compiler;
use crate::exec::Error;
use crate::exec::comfy::http::{Answer, Client};
use crate::preflight::{Answers, Asked, Queue, Refusal, Server};

/// A queue that seems stuck is looked at so often again, and with so long between: a worker takes its next workflow
/// within milliseconds.
const AGAIN: usize = 3;
const BETWEEN: Duration = Duration::from_millis(3500);

/// Asks all, once.
pub(super) fn ask(client: &Client) -> Asked {
    let address = client.address();
    let is_here = is_loopback(address.base());
    let server = answers(client).and_then(|answers| {
        Server::read(answers, is_here).ok_or_else(|| Refusal {
            message: format!("{}: JSON without `system`", address.url("/system_stats")),
            help: Some("this is not ComfyUI: check address and port".to_owned()),
        })
    });
    Asked { address: address.base().to_owned(), server }
}

fn answers(client: &Client) -> Result<Answers, Refusal> {
    let before = SystemTime::now();
    let answer = client.get("/system_stats").map_err(refusal)?;
    let ahead_seconds = ahead(&answer, before, SystemTime::now());
    let stats = answer.into_json().map_err(refusal)?;
    if stats.get("system").is_none_or(|system| !system.is_object()) {
        // What is not ComfyUI is asked nothing else.
        let nothing = || Refusal { message: String::new(), help: None };
        return Ok(Answers {
            stats,
            classes: Err(nothing()),
            queue: Err(nothing()),
            features: Err(nothing()),
            ahead_seconds,
        });
    }
    Ok(Answers {
        stats,
        classes: classes(client),
        queue: queue(client),
        features: client.get_json("/features").map_err(refusal),
        ahead_seconds,
    })
}

fn refusal(error: Error) -> Refusal {
    Refusal { message: error.message, help: error.help }
}

fn classes(client: &Client) -> Result<Compiler, Refusal> {
    let options = ImportOptions::default();
    let url = client.address().url("/object_info");
    let mut bytes = Vec::new();
    let body = client.open("/object_info", 0).map_err(refusal)?.body;
    let failed = |message: String| Refusal { message: format!("{url}: {message}"), help: None };
    body.take(options.limit_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| failed(format!("the answer broke off: {error}")))?;
    let catalog = read_catalog(bytes, &options).map_err(|error| failed(error.to_string()))?;
    Ok(Compiler::new(catalog.into()))
}

fn queue(client: &Client) -> Result<Vec<Value>, Refusal> {
    let look = || client.get_json("/queue").map_err(refusal);
    let mut looks = vec![look()?];
    while looks.len() <= AGAIN && looks.last().is_some_and(Queue::seems_stuck) {
        thread::sleep(BETWEEN);
        looks.push(look()?);
    }
    Ok(looks)
}

/// How far the server's clock is ahead of ours, in seconds: its answer was made between two moments.
fn ahead(answer: &Answer, before: SystemTime, after: SystemTime) -> Option<f64> {
    let (date, half) = (answer.date?, after.duration_since(before).unwrap_or_default() / 2);
    let ours = before + half;
    Some(match date.duration_since(ours) {
        Ok(ahead) => ahead.as_secs_f64(),
        Err(behind) => -behind.duration().as_secs_f64(),
    })
}

/// True for an address of this machine.
fn is_loopback(base: &str) -> bool {
    let host = base.split_once("://").map_or(base, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let host = if host.starts_with('[') { host.split(']').next() } else { host.split(':').next() };
    let host = host.unwrap_or_default().trim_start_matches('[');
    host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_are_known() {
        for here in
            ["http://127.0.0.1:8188", "http://localhost/comfy", "https://[::1]:8188", "http://127.1.2.3"]
        {
            assert!(is_loopback(here), "{here}");
        }
        for there in ["http://10.0.0.1:8188", "http://localhost.example", "http://[fe80::1]:1", "http://gpu"]
        {
            assert!(!is_loopback(there), "{there}");
        }
    }
}
