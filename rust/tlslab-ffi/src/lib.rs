//! The C interface: `include/tlslab.h` says what each function does. A panic here ends the process, which is what a
//! fuzzer wants to see.
#![deny(clippy::multiple_unsafe_ops_per_block)]

use std::cell::RefCell;
use std::ffi::{CString, c_char, c_int};
use std::slice;

use tlslab::fuzzing::{Counterpart, Palette, Part, PartError};
use tlslab_proto::endpoint::Status;

/// `tlslab_endpoint`.
pub struct Endpoint {
    counterpart: Counterpart,
    /// What was drained of the counterpart, and not yet by the caller.
    waiting: Vec<u8>,
}

thread_local! {
    static ERROR: RefCell<CString> = RefCell::default();
}

fn fail(error: &PartError) {
    // A text with a NUL in it would end there.
    let words = error.to_string().replace('\0', "\u{fffd}");
    ERROR.set(CString::new(words).unwrap_or_default());
}

/// The bytes that a caller has given.
///
/// # Safety
/// `bytes` points to `length` bytes that nobody changes for as long as the slice lives, or `length` is 0.
unsafe fn given<'a>(bytes: *const u8, length: usize) -> &'a [u8] {
    if bytes.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: the caller of this function says that they are there and stay.
    unsafe { slice::from_raw_parts(bytes, length) }
}

fn part(json: &[u8]) -> Result<Part, PartError> {
    // What is no text is no JSON either.
    Part::from_json(&String::from_utf8_lossy(json))
}

/// `tlslab_new`.
///
/// # Safety
/// `json` points to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tlslab_new(json: *const c_char, length: usize, seed: u64) -> *mut Endpoint {
    // SAFETY: as this function's own.
    let json = unsafe { given(json.cast(), length) };
    match part(json).and_then(|part| Counterpart::new(part, seed)) {
        Ok(counterpart) => Box::into_raw(Box::new(Endpoint { counterpart, waiting: Vec::new() })),
        Err(error) => {
            fail(&error);
            std::ptr::null_mut()
        }
    }
}

/// `tlslab_next`.
///
/// # Safety
/// `endpoint` is NULL, or came from [`tlslab_new`] and was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tlslab_next(endpoint: *mut Endpoint) -> c_int {
    // SAFETY: as this function's own.
    let Some(endpoint) = (unsafe { endpoint.as_mut() }) else { return 0 };
    endpoint.waiting.clear();
    endpoint.counterpart.next_connection().into()
}

/// `tlslab_feed`.
///
/// # Safety
/// As for [`tlslab_next`], and `bytes` points to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tlslab_feed(endpoint: *mut Endpoint, bytes: *const u8, length: usize) {
    // SAFETY: as this function's own.
    let Some(endpoint) = (unsafe { endpoint.as_mut() }) else { return };
    // SAFETY: as this function's own.
    endpoint.counterpart.feed(unsafe { given(bytes, length) });
}

/// `tlslab_closed`.
///
/// # Safety
/// As for [`tlslab_next`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tlslab_closed(endpoint: *mut Endpoint) {
    // SAFETY: as this function's own.
    if let Some(endpoint) = unsafe { endpoint.as_mut() } {
        endpoint.counterpart.peer_closed();
    }
}

/// `tlslab_drain`.
///
/// # Safety
/// As for [`tlslab_next`], and `out` points to `capacity` bytes that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tlslab_drain(endpoint: *mut Endpoint, out: *mut u8, capacity: usize) -> usize {
    // SAFETY: as this function's own.
    let Some(endpoint) = (unsafe { endpoint.as_mut() }) else { return 0 };
    if out.is_null() {
        return 0;
    }
    endpoint.waiting.extend(endpoint.counterpart.drain());
    let count = endpoint.waiting.len().min(capacity);
    // SAFETY: `count` bytes are in `waiting`, which is the lab's own, and in `out`, as this function's caller says.
    unsafe { std::ptr::copy_nonoverlapping(endpoint.waiting.as_ptr(), out, count) };
    endpoint.waiting.drain(..count);
    count
}

/// `tlslab_status`.
///
/// # Safety
/// As for [`tlslab_next`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tlslab_status(endpoint: *const Endpoint) -> c_int {
    // SAFETY: as this function's own.
    match unsafe { endpoint.as_ref() }.map(|endpoint| endpoint.counterpart.status()) {
        Some(Status::Handshaking) => 0,
        Some(Status::Established) => 1,
        Some(Status::Ended(_)) | None => 2,
    }
}

/// `tlslab_handshakes`.
///
/// # Safety
/// As for [`tlslab_next`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tlslab_handshakes(endpoint: *const Endpoint) -> u32 {
    // SAFETY: as this function's own.
    unsafe { endpoint.as_ref() }.map_or(0, |endpoint| endpoint.counterpart.handshakes())
}

/// `tlslab_free`.
///
/// # Safety
/// As for [`tlslab_next`]; it is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tlslab_free(endpoint: *mut Endpoint) {
    if !endpoint.is_null() {
        // SAFETY: it was made of a box by tlslab_new, and is taken back this once.
        drop(unsafe { Box::from_raw(endpoint) });
    }
}

/// `tlslab_mutate`.
///
/// # Safety
/// `json` points to `length` bytes, and `out` to `capacity` bytes that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tlslab_mutate(
    json: *const c_char,
    length: usize,
    out: *mut c_char,
    capacity: usize,
    seed: u64,
) -> usize {
    // SAFETY: as this function's own; it is read before `out` is written.
    let part = match part(unsafe { given(json.cast(), length) }) {
        Ok(part) => part,
        Err(error) => {
            fail(&error);
            return 0;
        }
    };
    let Ok(mutated) = serde_json::to_vec(&part.mutated(Palette::Conformant, &part, seed)) else { return 0 };
    if out.is_null() || mutated.len() > capacity {
        return 0;
    }
    // SAFETY: so many bytes are in `mutated`, which is the lab's own, and fit in `out`, as this function's caller says.
    unsafe { std::ptr::copy_nonoverlapping(mutated.as_ptr(), out.cast(), mutated.len()) };
    mutated.len()
}

/// `tlslab_error`.
#[unsafe(no_mangle)]
pub extern "C" fn tlslab_error() -> *const c_char {
    ERROR.with_borrow(|words| words.as_ptr())
}
