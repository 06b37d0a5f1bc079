//! ComfyUI's own server, spoken to as versions 0.3.64 to 0.27 were seen to behave.

pub mod address;
mod cancel;
mod files;
mod follow;
pub mod http;
mod identity;
pub mod network;
mod redirect;
mod socket;
mod submit;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use self::files::{ServerFiles, Uploaded};
use self::http::Client;
use self::socket::Socket;
use super::{Error, Executor, Files, Identity, Queue, Standing, Submission, Tell};

/// A ComfyUI server that runs workflows.
#[derive(Debug)]
pub struct Comfy {
    client: Client,
    socket: Option<Socket>,
    /// Under which this run is known where there is no socket: without one, a server forgets the outputs of what it
    /// has in its cache.
    client_id: String,
    /// Files that were put on the server, by their hash.
    uploaded: BTreeMap<String, Uploaded>,
    /// Whether the server has the routes below `/api/jobs`, once that is known.
    has_jobs: Option<bool>,
}

impl Comfy {
    /// A server; nothing is asked yet.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, socket: None, client_id: new_id(), uploaded: BTreeMap::new(), has_jobs: None }
    }

    /// The client of this server.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// True if the server has a file that workflows can name as an input.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn has_input(&self, name: &str) -> Result<bool, Error> {
        files::has_input(&self.client, name)
    }
}

/// A new id of a run or a client, in the one form that servers take.
#[must_use]
pub fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

impl Executor for Comfy {
    fn identity(&mut self) -> Result<Identity, Error> {
        identity::ask(&self.client)
    }

    fn listen(&mut self, tell: Tell) {
        self.socket = Some(Socket::open(&self.client, tell));
    }

    fn upload(&mut self, file: &Path) -> Result<String, Error> {
        files::upload(&self.client, file, &mut self.uploaded)
    }

    fn forget(&mut self) {
        for uploaded in self.uploaded.values_mut() {
            uploaded.is_sure = false;
        }
    }

    fn submit(&mut self, id: &str, workflow: &[u8]) -> Result<Submission, Error> {
        // A new connection has a new id, so a workflow is told about on the connection it was handed over with.
        let connected = self.socket.as_ref().and_then(Socket::client_id);
        let client_id = connected.as_deref().unwrap_or(&self.client_id);
        submit::submit(&self.client, id, client_id, workflow)
    }

    fn standing(&mut self, id: &str) -> Result<Standing, Error> {
        follow::standing(&self.client, id)
    }

    fn is_output(&mut self, class: &str) -> bool {
        let classes = self.client.get_json(&format!("/object_info/{}", address::encoded(class)));
        let class = classes.ok().and_then(|classes| classes.get(class).cloned());
        class.is_none_or(|class| class.get("output_node").and_then(Value::as_bool) != Some(false))
    }

    fn queue(&mut self) -> Result<Queue, Error> {
        follow::queue(&self.client)
    }

    fn cancel(&mut self, id: &str) -> Result<(), Error> {
        cancel::cancel(&self.client, id, &mut self.has_jobs)
    }

    fn withdraw(&mut self, id: &str) -> Result<(), Error> {
        cancel::withdraw(&self.client, id)
    }

    fn free_memory(&mut self) -> Option<u64> {
        let identity = identity::ask(&self.client).ok()?;
        identity.devices.first().map(|device| device.vram_free_bytes)
    }

    fn files(&self) -> Arc<dyn Files> {
        Arc::new(ServerFiles::new(self.client.clone()))
    }
}
