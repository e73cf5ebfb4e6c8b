# Een bekend wachtwoord wijzigen.
