//! The simulated process: it starts, serves, crashes, and starts again.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use super::control::{Control, End, Log};
use super::state::Shared;
use super::{Config, admin, http, info, worker};

/// How long a server that starts again waits for its port.
const PORT_AGAIN: Duration = Duration::from_secs(10);

/// A server that runs on threads of its own.
#[derive(Debug)]
pub struct Running {
    control: Arc<Control>,
    addr: SocketAddr,
    admin: Option<admin::Admin>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where the admin routes are, if there are any.
    #[must_use]
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(admin::Admin::addr)
    }

    /// Waits until it ends, which only happens if its port is lost after a crash.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.control.end(End::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts a server. `log` is told a line for each request and job.
///
/// # Errors
/// When it cannot listen on the port.
pub fn start(mut config: Config, log: Log) -> io::Result<Running> {
    if config.model_files.is_empty() {
        config.model_files = info::model_files(&config.models);
    }
    let control = Arc::new(Control::new(&config.faults, config.seed, log));
    let admin = match config.admin_port {
        Some(port) => Some(admin::start(&config.host, port, Arc::clone(&control))?),
        None => None,
    };
    let config = Arc::new(config);
    let (tell, told) = mpsc::channel();
    let thread = {
        let control = Arc::clone(&control);
        thread::Builder::new().name("sim".to_owned()).spawn(move || live(&config, &control, &tell))?
    };
    let addr = told.recv().map_err(io::Error::other)??;
    Ok(Running { control, addr, admin, thread: Some(thread) })
}

/// One life after the other.
fn live(config: &Arc<Config>, control: &Arc<Control>, tell: &mpsc::Sender<io::Result<SocketAddr>>) {
    let mut addr: Option<SocketAddr> = None;
    loop {
        let mut ends = control.live();
        let begun = begin(config, control, addr);
        let (runtime, now) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                control.log(&format!("cannot listen: {error}"));
                let _ = tell.send(Err(error));
                return;
            }
        };
        if addr.is_none() {
            let _ = tell.send(Ok(now));
            addr = Some(now);
        }
        let end = runtime.block_on(ends.recv()).unwrap_or(End::Stop);
        // All sockets and connections go with it.
        runtime.shutdown_timeout(Duration::from_millis(100));
        match end {
            End::Stop => return,
            End::Crash(why) => {
                control.log(&format!("the process died: {why}; it is started again"));
                thread::sleep(config.restart);
            }
        }
    }
}

fn begin(
    config: &Arc<Config>,
    control: &Arc<Control>,
    addr: Option<SocketAddr>,
) -> io::Result<(Runtime, SocketAddr)> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    let listener = runtime.block_on(listen(config, addr))?;
    let now = listener.local_addr()?;
    let shared = Arc::new(Shared::new(Arc::clone(config), Arc::clone(control)));
    let router = http::router(&shared);
    runtime.spawn(worker::work(Arc::clone(&shared)));
    runtime.spawn(async move {
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let _ = axum::serve(listener, router).await;
    });
    Ok((runtime, now))
}

async fn listen(config: &Config, addr: Option<SocketAddr>) -> io::Result<TcpListener> {
    let Some(addr) = addr else { return TcpListener::bind((&*config.host, config.port)).await };
    let until = Instant::now() + PORT_AGAIN;
    loop {
        match TcpListener::bind(addr).await {
            Err(_) if Instant::now() < until => tokio::time::sleep(Duration::from_millis(20)).await,
            result => return result,
        }
    }
}
