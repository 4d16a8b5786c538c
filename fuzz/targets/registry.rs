#![no_main]
tlslab_fuzz::target!("registry");
