//! A wire in memory: what has arrived is read, and what is written waits to be taken.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;

#[derive(Clone, Default)]
pub(crate) struct Wire(Rc<RefCell<Ends>>);

#[derive(Default)]
struct Ends {
    arrived: VecDeque<u8>,
    sent: Vec<u8>,
}

impl Wire {
    pub(crate) fn deliver(&self, bytes: &[u8]) {
        self.0.borrow_mut().arrived.extend(bytes);
    }

    pub(crate) fn take_sent(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.borrow_mut().sent)
    }
}

impl Read for Wire {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut ends = self.0.borrow_mut();
        if ends.arrived.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        ends.arrived.read(out)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().sent.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
