//! The admin routes, on a port and thread of their own, so that they outlive crashes: faults on demand.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::answer::{self, Answer};
use super::control::{Control, End};
use super::faults::{FAULTS, Fault};

/// The admin routes that run.
#[derive(Debug)]
pub(super) struct Admin {
    addr: SocketAddr,
    /// Ends them when it is dropped.
    _end: oneshot::Sender<()>,
}

impl Admin {
    pub(super) const fn addr(&self) -> SocketAddr {
        self.addr
    }
}

/// Starts the admin routes.
pub(super) fn start(host: &str, port: u16, control: Arc<Control>) -> io::Result<Admin> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    let listener = runtime.block_on(TcpListener::bind((host, port)))?;
    let addr = listener.local_addr()?;
    let router = Router::new()
        .route("/faults", get(list).post(add).delete(clear))
        .route("/crash", post(crash))
        .with_state(control);
    let (end, ended) = oneshot::channel();
    thread::Builder::new().name("sim-admin".to_owned()).spawn(move || {
        runtime.spawn(async move { axum::serve(listener, router).await });
        let _ = runtime.block_on(ended);
    })?;
    Ok(Admin { addr, _end: end })
}

/// The faults that are set and how much they have counted, and those that there are.
async fn list(State(control): State<Arc<Control>>) -> Answer {
    let set: Vec<Value> = control
        .faults()
        .iter()
        .map(|(fault, seen)| json!({ "fault": fault.to_string(), "counted": seen }))
        .collect();
    let known: Vec<Value> = FAULTS
        .iter()
        .map(|info| json!({ "name": info.name, "counts": info.counts, "doc": info.doc }))
        .collect();
    answer::json(StatusCode::OK, &json!({ "faults": set, "known": known }))
}

/// Adds faults: the body is one a line, as after `--fault`. They count from now on.
async fn add(State(control): State<Arc<Control>>, body: Bytes) -> Answer {
    let text = String::from_utf8_lossy(&body);
    let faults: Result<Vec<Fault>, String> =
        text.split_whitespace().map(|fault| fault.trim_matches('"').parse::<Fault>()).collect();
    match faults {
        Ok(faults) if faults.is_empty() => answer::json(
            StatusCode::BAD_REQUEST,
            &json!({ "error": "write a fault into the body, such as crash@3" }),
        ),
        Ok(faults) => {
            for fault in faults {
                control.add(fault);
            }
            list(State(control)).await
        }
        Err(error) => answer::json(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    }
}

async fn clear(State(control): State<Arc<Control>>) -> Answer {
    control.clear();
    list(State(control)).await
}

/// The process dies at once.
async fn crash(State(control): State<Arc<Control>>) -> Answer {
    control.end(End::Crash("a crash was asked for"));
    answer::empty(StatusCode::OK)
}
