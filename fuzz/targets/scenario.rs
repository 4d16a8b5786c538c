#![no_main]
tlslab_fuzz::structured_target!("scenario");
