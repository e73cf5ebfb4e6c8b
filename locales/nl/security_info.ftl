# Beveiligingsgegevens: manieren registreren om te bewijzen wie iemand is.
