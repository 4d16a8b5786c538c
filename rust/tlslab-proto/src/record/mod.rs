//! Records: protection and fragmentation.
