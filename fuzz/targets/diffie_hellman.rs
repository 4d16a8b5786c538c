#![no_main]
tlslab_fuzz::target!("diffie_hellman");
