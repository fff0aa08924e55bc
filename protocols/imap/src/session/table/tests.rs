//! Tables without a store are tested through the door (`tests/`).
