//! What a step may say.

macro_rules! keys {
    ($($(#[$said:meta])* $key:ident = $name:literal,)*) => {
        /// What a step may say of itself. None of it is personal: ids the hub computes, names from the directory and the
        /// settings, counts, and words of closed lists.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Key { $($(#[$said])* $key,)* }

        impl Key {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$key),*];

            /// The attribute's name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$key => $name),* }
            }
        }
    };
}

keys! {
    /// The channel.
    Channel = "huiliu.channel",
    /// By which door: `http`, `nats`, `poll`, `replay`.
    Way = "huiliu.way",
    /// The envelope's sequence in INTAKE.
    Intake = "huiliu.intake.sequence",
    /// The sequence it had before it was taken up again.
    Former = "huiliu.intake.former",
    /// How often the message was handed out by the server, this time included.
    Delivery = "huiliu.delivery",
    /// Records in the envelope.
    Records = "huiliu.records",
    /// Records of it no submission could be made of.
    Misunderstood = "huiliu.records.misunderstood",
    /// The case.
    Case = "huiliu.case.id",
    /// Types of the events appended.
    Events = "huiliu.events",
    /// Messages of the batch in which it was appended.
    Batch = "huiliu.batch.messages",
    /// The department.
    Department = "huiliu.department",
    /// Which of the case's queue entries.
    Entry = "huiliu.entry.n",
    /// Which command.
    Command = "huiliu.command",
    /// What sort of key gave it: `channel`, `department`, `operator`, `machine`.
    By = "huiliu.by",
    /// What the source is told: `accepted`, `progress`, `resolved`, …
    Answer = "huiliu.answer",
    /// The status the source answered.
    Status = "http.response.status_code",
    /// What came of it, a word of a closed list.
    Outcome = "huiliu.outcome",
}
