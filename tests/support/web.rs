//! A web server on this machine.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub struct Request {
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Status line, headers, body.
pub struct Answer(pub &'static str, pub Vec<String>, pub Vec<u8>);

impl Answer {
    pub fn ok(media_type: &str, body: &str) -> Self {
        Self("200 OK", vec![format!("Content-Type: {media_type}")], body.into())
    }

    pub fn status(status: &'static str) -> Self {
        Self(status, Vec::new(), b"{}".to_vec())
    }

    pub fn redirect(to: &str) -> Self {
        Self("302 Found", vec![format!("Location: {to}")], Vec::new())
    }
}

/// Answers until the test ends.
pub struct Server {
    address: SocketAddr,
    paths: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let paths = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::clone(&paths);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                // A client may go away whenever it likes.
                let _ = serve(stream, &answer, &asked);
            }
        });
        Self { address, paths }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The paths that were asked for, in order.
    pub fn paths(&self) -> Vec<String> {
        self.paths.lock().expect("the paths").clone()
    }
}

fn serve(
    mut stream: TcpStream,
    answer: &impl Fn(&Request) -> Answer,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    asked.lock().expect("the paths").push(path.clone());
    let Answer(status, headers, body) = answer(&Request { path, headers });
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", body.len())?;
    for header in headers {
        write!(stream, "{header}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(&body)
}
