//! The sandbox as a client sees it: every test speaks HTTP to a socket of its own.

mod access;
mod codegen;
mod codes;
mod coupons;
mod deletes;
mod faults;
mod limits;
mod paging;
mod promotions;
mod settings;
mod storage;
mod store_information;
mod support;
mod uses;
