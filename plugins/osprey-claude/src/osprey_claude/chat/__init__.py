"""The chat models of Anthropic: `driver` asks one; `endpoint` is what is known of where they answer."""
