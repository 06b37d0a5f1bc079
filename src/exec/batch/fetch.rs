//! Threads that fetch outputs while the server goes on.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::{Message, Stop};
use crate::exec::record::OutputRecord;
use crate::exec::{Error, Files, RemoteFile, outputs};

/// Number of threads.
const THREADS: usize = 2;

/// The outputs of a job that are to be fetched, each with its place below the run's folder.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) job: u64,
    pub(super) files: Vec<(RemoteFile, String)>,
}

/// What became of a task.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) job: u64,
    pub(super) result: Result<Vec<OutputRecord>, Error>,
}

/// Starts the threads; they end when the sender that is given back is dropped.
/// A server that does not answer is waited for so long, but not once somebody wants to stop.
pub(super) fn start(
    folder: &Path,
    files: &Arc<dyn Files>,
    patience: Duration,
    stop: &Stop,
    tell: &SyncSender<Message>,
) -> Sender<Task> {
    let (sender, receiver) = channel::<Task>();
    let receiver = Arc::new(Mutex::new(receiver));
    for number in 0..THREADS {
        let (receiver, folder, files, tell) =
            (Arc::clone(&receiver), folder.to_owned(), Arc::clone(files), tell.clone());
        let stop = stop.clone();
        // Where one thread cannot be started, the other does its work.
        let _ = thread::Builder::new().name(format!("fetch-{number}")).spawn(move || {
            let waits = |since: Duration| stop.level() == 0 && since < patience;
            while let Some(task) = next(&receiver) {
                let number = |(number, (file, place)): (usize, (RemoteFile, String))| {
                    outputs::fetch(&*files, &waits, &folder, task.job, number, &file, place)
                };
                let result = task.files.into_iter().enumerate().map(number).collect();
                if tell.send(Message::Fetched(Fetched { job: task.job, result })).is_err() {
                    return;
                }
            }
        });
    }
    sender
}

fn next(receiver: &Mutex<Receiver<Task>>) -> Option<Task> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
