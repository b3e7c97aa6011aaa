//! `fixtures/contacts/backend.py`, with a PostgreSQL that goes away and comes back, and something in Electric's place.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::python::python_with;
use crate::support::patience::PATIENCE;
use crate::support::postgres::Postgres;

struct Backend {
    port: u16,
    process: Child,
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Backend {
    /// The status of the answer, its headers and its body.
    fn ask(&self, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let length = body.len();
        let head =
            "Host: localhost\r\nAuthorization: Bearer ada\r\nConnection: close\r\nContent-Type: application/json";
        write!(stream, "{method} {path} HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Ok((status, head.to_ascii_lowercase(), body.to_owned()))
    }

    fn get(&self, path: &str) -> (u16, String, String) {
        self.ask("GET", path, "").expect("an answer")
    }
}

pub fn survives_what_it_stands_on() {
    let Some(python) = python_with("psycopg_pool, httpx, fastapi, uvicorn") else { return };
    let Some(mut postgres) = Postgres::alone() else { return };
    let electric = TcpListener::bind("127.0.0.1:0").expect("a port");
    let electric_url = format!("http://{}", electric.local_addr().expect("its number"));
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
    let process = Command::new(python)
        .args(["-m", "uvicorn", "backend:app", "--port", &port.to_string()])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/contacts"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("DATABASE_URL", &postgres.url)
        .env("ELECTRIC_URL", electric_url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let backend = Backend { port, process: process.expect("Python") };
    let deadline = Instant::now() + PATIENCE;
    while backend.ask("GET", "/contacts", "").is_err() {
        assert!(Instant::now() < deadline, "the backend doesn't start");
        thread::sleep(Duration::from_millis(100));
    }

    // Names are quoted, so that Electric doesn't fold them.
    let (tell, asked) = mpsc::channel();
    let one = thread::spawn(move || {
        let (mut stream, _) = electric.accept().expect("a request");
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).expect("its first line");
        stream.write_all(b"HTTP/1.1 200 OK\r\nelectric-handle: 1\r\ncontent-length: 2\r\n\r\n[]").expect("an answer");
        tell.send(line).expect("somebody listens");
    });
    let (status, head, _) = backend.get("/v1/shape?table=contacts&offset=-1");
    assert!(status == 200 && head.contains("electric-handle: 1"), "{head}");
    let line = asked.recv().expect("what was asked");
    assert!(line.contains("table=%22contacts%22"), "{line}");
    assert!(line.contains("columns=%22id%22%2C%22first_name%22"), "{line}");
    one.join().expect("the end of the thread");

    // Nothing listens there any more.
    let (status, head, _) = backend.get("/v1/shape?table=contacts&offset=-1");
    assert!(status == 503 && head.contains("retry-after: "), "{head}");

    let ada = r#"{ "first_name": "Ada", "last_name": "Lovelace" }"#;
    assert_eq!(backend.ask("POST", "/contacts", ada).expect("an answer").0, 201);
    postgres.stop();
    let (status, head, _) = backend.get("/contacts");
    assert!(status == 503 && head.contains("retry-after: "), "{head}");
    postgres.start_again();
    // The first request meets dead connections.
    let (status, _, body) = backend.get("/contacts");
    assert!(status == 200 && body.contains("Lovelace"), "{status} {body}");
}
