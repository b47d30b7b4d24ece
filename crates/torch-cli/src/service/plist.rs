//! The daemon as a launchd agent, for macOS: printed only, for `~/Library/LaunchAgents/torch.plist`.

use super::unit::Unit;

/// The property list that starts what the unit starts. `AbandonProcessGroup` keeps the agents alive when it ends.
pub(crate) fn text(unit: &Unit) -> String {
    let string = |text: &str| format!("<string>{}</string>", escaped(text));
    let argv: String = unit
        .argv()
        .iter()
        .map(|word| format!("    {}\n", string(word)))
        .collect();
    let env: String = unit
        .env
        .iter()
        .map(|(name, value)| format!("    <key>{}</key>{}\n", escaped(name), string(value)))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<plist version=\"1.0\">
<dict>
  <key>Label</key><string>torch</string>
  <key>ProgramArguments</key>
  <array>
{argv}  </array>
  <key>EnvironmentVariables</key>
  <dict>
{env}  </dict>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>AbandonProcessGroup</key><true/>
  <key>StandardErrorPath</key>{log}
</dict>
</plist>
",
        log = string(&unit.log.display().to_string()),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text() {
        insta::assert_snapshot!(text(&Unit {
            torch: "/usr/local/bin/torch".into(),
            log: "/Users/me/a & b/logs/daemon.log".into(),
            env: vec![("TORCH_HOME".into(), "/Users/me/a & b".into())],
            resume_teams: false,
            lingering: false,
        }));
    }
}
