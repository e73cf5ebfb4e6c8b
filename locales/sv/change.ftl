# Att byta ett lösenord som man kan.
