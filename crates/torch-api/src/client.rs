//! A blocking client: one connection, one request, its answers.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::wire::{Hello, PROTOCOL, Request, Response};

/// Why the daemon could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens there.
    #[error("failed to connect to the daemon at {path}")]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to the daemon broke")]
    Io(#[from] io::Error),
    /// It closed without an answer.
    #[error("the daemon closed the connection without an answer")]
    Closed,
    /// Not JSON, or not of this protocol.
    #[error("the daemon's answer could not be read")]
    Malformed(#[from] serde_json::Error),
    /// The daemon speaks another protocol.
    #[error(
        "the daemon (version {theirs}) speaks protocol {protocol}, this program protocol {PROTOCOL}"
    )]
    Protocol {
        /// Its version.
        theirs: String,
        /// Its protocol.
        protocol: u32,
        /// Its pid.
        pid: u32,
    },
}

/// A connection to the daemon.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<UnixStream>,
    hello: Option<Hello>,
}

impl Client {
    /// Connects to the daemon's socket.
    ///
    /// # Errors
    /// [`ClientError::Connect`] when nobody listens.
    pub fn connect(path: &Path) -> Result<Self, ClientError> {
        let stream = UnixStream::connect(path).map_err(|source| ClientError::Connect {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            reader: BufReader::new(stream),
            hello: None,
        })
    }

    /// Sends a greeting and a request in one write.
    ///
    /// # Errors
    /// [`ClientError::Io`] when the connection broke.
    pub fn send(&mut self, request: &Request) -> Result<(), ClientError> {
        let mut bytes = Vec::new();
        if self.hello.is_none() {
            serde_json::to_writer(&mut bytes, &Hello::ours())?;
            bytes.push(b'\n');
        }
        serde_json::to_writer(&mut bytes, request)?;
        bytes.push(b'\n');
        self.reader.get_mut().write_all(&bytes)?;
        Ok(())
    }

    /// The next answer.
    ///
    /// # Errors
    /// Any [`ClientError`] but `Connect`.
    pub fn receive(&mut self) -> Result<Response, ClientError> {
        if self.hello.is_none() {
            self.greeting()?;
        }
        let line = self.line()?;
        Ok(serde_json::from_slice(&line)?)
    }

    /// The daemon's greeting; read by the first [`Client::receive`] if not before.
    ///
    /// # Errors
    /// [`ClientError::Protocol`] when it speaks another protocol.
    pub fn greeting(&mut self) -> Result<&Hello, ClientError> {
        if self.hello.is_none() {
            let hello: Hello = serde_json::from_slice(&self.line()?)?;
            if hello.protocol != PROTOCOL {
                return Err(ClientError::Protocol {
                    theirs: hello.version,
                    protocol: hello.protocol,
                    pid: hello.pid,
                });
            }
            self.hello = Some(hello);
        }
        self.hello.as_ref().ok_or(ClientError::Closed)
    }

    /// Greets the daemon and reads its greeting, without a request yet: for whoever must know its version first.
    ///
    /// # Errors
    /// [`ClientError::Protocol`] when it speaks another protocol.
    pub fn greet(&mut self) -> Result<&Hello, ClientError> {
        if self.hello.is_none() {
            let mut bytes = serde_json::to_vec(&Hello::ours())?;
            bytes.push(b'\n');
            self.reader.get_mut().write_all(&bytes)?;
        }
        self.greeting()
    }

    /// How long a read may wait for the daemon; `None` is for ever.
    ///
    /// # Errors
    /// [`ClientError::Io`] when the socket does not take it, as for a duration of zero.
    pub fn set_deadline(&mut self, deadline: Option<Duration>) -> Result<(), ClientError> {
        Ok(self.reader.get_ref().set_read_timeout(deadline)?)
    }

    /// Reads on until the daemon closes the connection, as it does at its end; what it still says is dropped.
    ///
    /// # Errors
    /// [`ClientError::Io`] when it does not within the deadline.
    pub fn drain(mut self) -> Result<(), ClientError> {
        io::copy(&mut self.reader, &mut io::sink())?;
        Ok(())
    }

    /// A second handle on the connection, e.g. to cancel from a signal's thread.
    ///
    /// # Errors
    /// [`ClientError::Io`] when the descriptor can't be duplicated.
    pub fn canceller(&self) -> Result<Canceller, ClientError> {
        Ok(Canceller(self.reader.get_ref().try_clone()?))
    }

    /// Sends a request and reads its only answer.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub fn call(&mut self, request: &Request) -> Result<Response, ClientError> {
        self.send(request)?;
        self.receive()
    }

    /// A line that is whole: a daemon that is killed leaves the rest of its answer away, anywhere in it.
    fn line(&mut self) -> Result<Vec<u8>, ClientError> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        match line.last() {
            Some(b'\n') => Ok(line),
            _ => Err(ClientError::Closed),
        }
    }
}

/// Sends [`Request::Cancel`] on a client's connection.
#[derive(Debug)]
pub struct Canceller(UnixStream);

impl Canceller {
    /// Cancels what the connection waits for.
    ///
    /// # Errors
    /// [`ClientError::Io`] when the connection broke.
    pub fn cancel(&mut self) -> Result<(), ClientError> {
        let mut bytes = serde_json::to_vec(&Request::Cancel)?;
        bytes.push(b'\n');
        Ok(self.0.write_all(&bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_was_cut_is_none() {
        for sent in ["", "{", "{\"response\":\"done\",\"text\":\"\u{e4}"] {
            let (ours, mut theirs) = UnixStream::pair().expect("a pair");
            let mut hello = serde_json::to_vec(&Hello::ours()).expect("JSON");
            hello.push(b'\n');
            theirs.write_all(&hello).expect("written");
            // In the middle of a letter, too.
            let cut = sent.len().saturating_sub(1);
            theirs.write_all(&sent.as_bytes()[..cut]).expect("written");
            drop(theirs);
            let mut client = Client {
                reader: BufReader::new(ours),
                hello: None,
            };
            let answer = client.receive();
            assert!(matches!(answer, Err(ClientError::Closed)), "{answer:?}");
        }
    }
}
