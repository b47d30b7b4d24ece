//! Who reads, and what of a message it may see.

use torch_core::{AgentId, Envelope, Recipient, Sender, TeamId};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A person, or a person's script: everything.
    Person,
    /// An agent: the heads of its team's messages, and the words of those that it wrote or was sent.
    Agent {
        /// The agent.
        agent: AgentId,
        /// Its team.
        team: TeamId,
        /// Whether it is the hub, which sees what its agents write to each other.
        hub: bool,
    },
    /// Nobody known: nothing.
    Nobody,
}

impl From<&Sender> for Reader {
    fn from(caller: &Sender) -> Self {
        match caller {
            Sender::Human | Sender::Script | Sender::Torch => Self::Person,
            Sender::Agent { agent, team, role } => Self::Agent {
                agent: *agent,
                team: *team,
                hub: role.is_hub(),
            },
            Sender::Unknown => Self::Nobody,
        }
    }
}

impl Reader {
    /// Whether it may know of a message: its head.
    pub fn may_see(self, envelope: &Envelope) -> bool {
        match self {
            Self::Person => true,
            Self::Agent { team, .. } => envelope.team == team || self.is_party(envelope),
            Self::Nobody => false,
        }
    }

    /// Whether it may read a message's words. What a person writes or is written is that person's and the other side's.
    pub fn may_read(self, envelope: &Envelope) -> bool {
        match self {
            Self::Person => true,
            Self::Agent { team, hub, .. } => {
                let persons = matches!(envelope.sender, Sender::Human | Sender::Script)
                    || envelope.recipient == Recipient::Human;
                self.is_party(envelope) || hub && envelope.team == team && !persons
            }
            Self::Nobody => false,
        }
    }

    /// Whether it may read what an agent did wrong, which quotes that agent.
    pub fn may_read_about(self, about: AgentId) -> bool {
        match self {
            Self::Person => true,
            Self::Agent { agent, hub, .. } => hub || agent == about,
            Self::Nobody => false,
        }
    }

    fn is_party(self, envelope: &Envelope) -> bool {
        let Self::Agent { agent: own, .. } = self else {
            return false;
        };
        let wrote = matches!(&envelope.sender, Sender::Agent { agent, .. } if *agent == own);
        wrote || envelope.recipient.agent() == Some(own)
    }
}
