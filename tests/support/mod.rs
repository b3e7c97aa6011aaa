//! What the test binaries share. Each uses a part of it.
#![allow(dead_code)]

pub mod binary;
pub mod chromium;
pub mod database;
pub mod exercise;
pub mod indexed_db;
pub mod listed;
pub mod models;
pub mod mutate;
pub mod node;
pub mod npm;
pub mod patience;
pub mod postgres;
pub mod project;
pub mod round_trip;
pub mod shell;
pub mod size;
pub mod sqlite_old;
pub mod start_application;
pub mod synthetic;
pub mod trial;
pub mod waits;
pub mod web;
pub mod workspace;
