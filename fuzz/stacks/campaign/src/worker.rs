//! The process that has the stack in it.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tlslab::fuzzing::{Counterpart, Part};

use crate::Stack;

/// A part that takes longer is a hang.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a worker is asked to run.
#[derive(Serialize, Deserialize)]
struct Job {
    part: Part,
    seed: u64,
}

/// A worker that runs.
pub(crate) struct Worker {
    process: Child,
    jobs: ChildStdin,
    answers: Receiver<String>,
}

/// What a part came to.
pub(crate) enum Answer {
    /// What was seen; nothing where the part cannot be played.
    Seen(Vec<String>),
    /// The worker has died, and how.
    Died(String),
}

impl Worker {
    pub(crate) fn start() -> io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let jobs = process.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let output = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (sender, answers) = channel();
        // It ends with the worker's output.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { process, jobs, answers })
    }

    /// Runs a part. A worker that has died is of no more use.
    pub(crate) fn run(&mut self, part: &Part, seed: u64) -> Result<Answer, Box<dyn Error>> {
        let job = serde_json::to_string(&Job { part: part.clone(), seed })?;
        // One that is dead is found out below.
        let _ = writeln!(self.jobs, "{job}").and_then(|()| self.jobs.flush());
        match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => Ok(Answer::Seen(serde_json::from_str(&line)?)),
            Err(RecvTimeoutError::Disconnected) => Ok(Answer::Died(how(self.process.wait()?))),
            Err(RecvTimeoutError::Timeout) => {
                self.process.kill()?;
                self.process.wait()?;
                Ok(Answer::Died(format!("no answer within {} seconds", PATIENCE.as_secs())))
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn how(status: ExitStatus) -> String {
    status.to_string()
}

/// Runs jobs, a line each, until there are no more.
pub(crate) fn run(stack: &mut impl Stack) -> Result<ExitCode, Box<dyn Error>> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let Job { part, seed } = serde_json::from_str(&line?)?;
        let seen = Counterpart::new(part, seed).map(|mut counterpart| stack.talk(&mut counterpart)).unwrap_or_default();
        writeln!(output, "{}", serde_json::to_string(&seen)?)?;
        output.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}
