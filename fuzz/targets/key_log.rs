#![no_main]
tlslab_fuzz::target!("key_log");
