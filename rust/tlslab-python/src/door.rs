//! The one door for long calls: the work runs on a thread of its own, while the caller's thread, without holding the
//! GIL, polls for signals and shows progress.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

/// How often the caller's thread looks up.
const POLL: Duration = Duration::from_millis(50);

/// What a long call came to: its result, and the exception that cut it short.
pub(crate) struct Finished<T> {
    pub(crate) result: T,
    pub(crate) interruption: Option<PyErr>,
}

impl<T> Finished<T> {
    /// The result; an interrupt by the user is no error, since the result says that it is partial. Any other exception
    /// is.
    pub(crate) fn partial_if_interrupted(self, py: Python<'_>) -> PyResult<T> {
        match self.interruption {
            Some(error) if !error.is_instance_of::<PyKeyboardInterrupt>(py) => Err(error),
            _ => Ok(self.result),
        }
    }

    /// The result, unless the call was cut short.
    pub(crate) fn complete(self) -> PyResult<T> {
        match self.interruption {
            Some(error) => Err(error),
            None => Ok(self.result),
        }
    }
}

/// Runs `work` to its end. `progress` is called now and then; when it fails, or a signal's handler raises, `cancel` is
/// called once and `work` is expected to end soon.
pub(crate) fn long_call<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send,
    cancel: impl Fn() + Send + Sync,
    mut progress: impl FnMut(Python<'_>) -> PyResult<()> + Send,
) -> Finished<T> {
    py.detach(|| {
        thread::scope(|scope| {
            let (done, finished) = mpsc::channel::<()>();
            let worker = scope.spawn(move || {
                // Dropped with the thread's last breath, also in a panic, and the wait below ends at once.
                let _done = done;
                work()
            });
            let mut interruption = None;
            while finished.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
                if interruption.is_some() {
                    continue;
                }
                let looked = Python::attach(|py| py.check_signals().and_then(|()| progress(py)));
                if let Err(error) = looked {
                    cancel();
                    interruption = Some(error);
                }
            }
            let result = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Finished { result, interruption }
        })
    })
}
