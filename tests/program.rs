//! What the program does, and what it writes: given to compilers, databases and servers, and as users install it. One
//! program of many subjects, so that they share the processors.

mod cli;
mod codegen;
mod packaging;
mod sql;
mod support;
#[cfg(unix)]
mod sync_server;
